#include "scheduler/testing/stepped_scheduler.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::milliseconds;

// Notes how each of its items ended.
struct NotedWork final : Work {
  NotedWork(std::string name, std::string& notes) : name(std::move(name)), notes(notes) {}
  void Dropped(absl::Status why) override { notes += " !" + name; }
  const std::string name;
  std::string& notes;
};

class NotingRunner final : public WorkRunner {
 public:
  void Run(int worker, std::span<std::unique_ptr<Work>> batch, const std::stop_token& stop) override {
    for (auto& work : batch) {
      auto& noted = static_cast<NotedWork&>(*work);
      noted.notes += (stop.stop_requested() ? " x" : " ") + noted.name;
    }
  }
};

class SteppedSchedulerTest : public testing::Test {
 protected:
  Ticket Offer(std::string name, Duration deadline = milliseconds(1000)) {
    auto work = std::make_unique<NotedWork>(std::move(name), notes_);
    work->deadline = loop_.Now() + deadline;
    return *scheduler_.Offer(queue_, std::move(work));
  }

  FakeLoop loop_;
  std::string notes_;
  SteppedScheduler scheduler_{loop_, 2};
  const QueueId queue_ = scheduler_.AddQueue({.name = "q"}, std::make_shared<NotingRunner>());
};

TEST_F(SteppedSchedulerTest, WorkersRunSideBySideAndTakeWhatWaits) {
  for (const char* name : {"a", "b", "c"}) Offer(name);
  loop_.Advance(milliseconds(9));
  EXPECT_EQ(notes_, "");
  loop_.Advance(milliseconds(1));
  EXPECT_EQ(notes_, " a b");
  EXPECT_EQ(scheduler_.IdleWorkers(), 1u);
  loop_.Advance(milliseconds(10));
  EXPECT_EQ(notes_, " a b c");
}

TEST_F(SteppedSchedulerTest, ACancelledItemIsDroppedOrToldToStop) {
  const Ticket runs = Offer("runs");
  Offer("other");
  const Ticket waits = Offer("waits");
  EXPECT_TRUE(scheduler_.Cancel(waits));
  EXPECT_EQ(notes_, " !waits");
  EXPECT_FALSE(scheduler_.Cancel(runs));
  loop_.Advance(milliseconds(0));
  EXPECT_EQ(notes_, " !waits xruns");
}

TEST_F(SteppedSchedulerTest, WhatExpiresIsDroppedBeforeItRuns) {
  Offer("a");
  Offer("b");
  Offer("late", milliseconds(5));
  loop_.Advance(milliseconds(10));
  EXPECT_EQ(notes_, " a !late b");
}

TEST_F(SteppedSchedulerTest, AShutdownEndsEverything) {
  for (const char* name : {"a", "b", "c"}) Offer(name);
  scheduler_.Shutdown();
  EXPECT_EQ(notes_, " !c xa xb");
  EXPECT_EQ(loop_.timers(), 0u);
}

}  // namespace
}  // namespace sluice
