#include "scheduler/scheduler.h"

#include <atomic>
#include <functional>
#include <latch>
#include <new>
#include <thread>

#include "base/error.h"
#include "base/testing/fake_clock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using std::chrono::seconds;

// How many items ended how.
struct Tally {
  std::atomic<int> run{0}, dropped{0}, destroyed{0};
};

struct TestWork final : Work {
  TestWork(Tally& t, std::function<void()> b = {}) : tally(t), body(std::move(b)) {
    deadline = SystemClock().Now() + seconds(600);
  }
  ~TestWork() override { ++tally.destroyed; }
  void Dropped(absl::Status why) override {
    ++tally.dropped;
    status = why;
    if (on_dropped) on_dropped(why);
  }
  Tally& tally;
  std::function<void()> body;
  std::function<void(const absl::Status&)> on_dropped;
  absl::Status status;
};

class TestRunner final : public WorkRunner {
 public:
  void Run(int worker, std::span<std::unique_ptr<Work>> batch, const std::stop_token& stop) override {
    batches.fetch_add(1);
    for (auto& item : batch) {
      auto& work = static_cast<TestWork&>(*item);
      if (work.body) work.body();
      ++work.tally.run;
    }
  }
  std::atomic<int> batches{0};
};

// Keeps a worker busy until it is told.
struct Gate {
  std::latch entered{1}, leave{1};
  std::function<void()> body() {
    return [this] {
      entered.count_down();
      leave.wait();
    };
  }
};

// Every test ends with Shutdown(): what its work refers to are locals of the test.
class SchedulerTest : public ::testing::Test {
 protected:
  void Start(int workers, size_t max_items = 256, size_t max_batch = 1) {
    scheduler_ = std::make_unique<Scheduler>(Scheduler::Options{.workers = workers});
    queue_ = scheduler_->AddQueue({.name = "q", .max_items = max_items, .max_batch = max_batch}, runner_);
  }
  absl::StatusOr<Ticket> Offer(std::function<void()> body = {}) {
    return scheduler_->Offer(queue_, std::make_unique<TestWork>(tally_, std::move(body)));
  }

  Tally tally_;
  std::shared_ptr<TestRunner> runner_ = std::make_shared<TestRunner>();
  std::unique_ptr<Scheduler> scheduler_;
  QueueId queue_ = 0;
};

TEST_F(SchedulerTest, WorkThatGetsNoMemoryIsRefusedAndItsWorkerGoesOn) {
  Start(1);
  std::latch told{1}, ran{1};
  absl::Status why;
  auto work = std::make_unique<TestWork>(tally_, [] { throw std::bad_alloc(); });
  work->on_dropped = [&](const absl::Status& status) {
    why = status;
    told.count_down();
  };
  ASSERT_TRUE(scheduler_->Offer(queue_, std::move(work)).ok());
  told.wait();
  EXPECT_EQ(ReasonOf(why), Reason::OVERLOADED);
  ASSERT_TRUE(Offer([&] { ran.count_down(); }).ok());
  ran.wait();
  scheduler_->Shutdown();
}

TEST_F(SchedulerTest, RunsEveryItemOnceFromManyThreads) {
  Start(/*workers=*/3, /*max_items=*/100'000, /*max_batch=*/4);
  constexpr int kThreads = 4, kEach = 2'000;
  std::latch done(kThreads * kEach);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) ASSERT_TRUE(Offer([&done] { done.count_down(); }).ok());
    });
  }
  for (auto& thread : threads) thread.join();
  done.wait();
  scheduler_->Shutdown();
  EXPECT_EQ(tally_.run, kThreads * kEach);
  EXPECT_EQ(tally_.dropped, 0);
  EXPECT_EQ(tally_.destroyed, kThreads * kEach);
  EXPECT_EQ(scheduler_->Queues().at(0).done, static_cast<uint64_t>(kThreads * kEach));
}

TEST_F(SchedulerTest, WorkersRunSideBySide) {
  Start(/*workers=*/2);
  std::latch both(2);
  std::latch done(2);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(Offer([&] {
                  both.arrive_and_wait();  // returns only when the other one runs too
                  done.count_down();
                }).ok());
  }
  done.wait();
  scheduler_->Shutdown();
}

TEST_F(SchedulerTest, CancelDropsWaitingWorkAtOnce) {
  Start(/*workers=*/1);
  Gate gate;
  const Ticket running = *Offer(gate.body());
  gate.entered.wait();
  const Ticket waiting = *Offer();
  EXPECT_TRUE(scheduler_->Cancel(waiting));
  EXPECT_EQ(tally_.dropped, 1);
  EXPECT_EQ(tally_.destroyed, 1);
  EXPECT_FALSE(scheduler_->Cancel(waiting));
  EXPECT_FALSE(scheduler_->Cancel(running));
  gate.leave.count_down();
  scheduler_->Shutdown();
  EXPECT_EQ(tally_.run, 1);
}

TEST_F(SchedulerTest, RefusedWorkStaysWithTheCaller) {
  Start(/*workers=*/1, /*max_items=*/1);
  Gate gate;
  ASSERT_TRUE(Offer(gate.body()).ok());
  gate.entered.wait();
  ASSERT_TRUE(Offer().ok());
  std::unique_ptr<Work> work = std::make_unique<TestWork>(tally_);
  const auto refused = scheduler_->Offer(queue_, std::move(work));
  EXPECT_EQ(ReasonOf(refused.status()), Reason::OVERLOADED);
  EXPECT_NE(work, nullptr);
  EXPECT_EQ(tally_.dropped, 0);
  gate.leave.count_down();
  scheduler_->Shutdown();
}

TEST_F(SchedulerTest, ExpiredWorkMakesRoomWhileTheWorkerIsBusy) {
  Start(/*workers=*/1, /*max_items=*/1);
  Gate gate;
  ASSERT_TRUE(Offer(gate.body()).ok());
  gate.entered.wait();
  auto work = std::make_unique<TestWork>(tally_);
  // Far enough to be offered in time on a machine that stalls for a moment.
  const TimePoint deadline = SystemClock().Now() + std::chrono::milliseconds(500);
  work->deadline = deadline;
  Reason reason = Reason::REASON_UNSPECIFIED;
  work->on_dropped = [&reason](const absl::Status& why) { reason = ReasonOf(why); };
  ASSERT_TRUE(scheduler_->Offer(queue_, std::move(work)).ok());
  while (SystemClock().Now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(Offer().ok());
  EXPECT_EQ(reason, Reason::DEADLINE_EXCEEDED);
  gate.leave.count_down();
  scheduler_->Shutdown();
}

TEST_F(SchedulerTest, ShutdownDropsWhatWaitsAndLetsTheRunningFinish) {
  Start(/*workers=*/1);
  Gate gate;
  ASSERT_TRUE(Offer(gate.body()).ok());
  gate.entered.wait();
  ASSERT_TRUE(Offer().ok());
  std::thread stopper([this] { scheduler_->Shutdown(); });
  while (tally_.dropped == 0) std::this_thread::yield();
  gate.leave.count_down();
  stopper.join();
  EXPECT_EQ(tally_.run, 1);
  EXPECT_EQ(tally_.dropped, 1);
  EXPECT_EQ(ReasonOf(Offer().status()), Reason::SHUTTING_DOWN);
}

// The last owner of a queue may be an item of that queue: its own worker then removes it.
TEST_F(SchedulerTest, AQueueMayBeRemovedByItsOwnItem) {
  Start(/*workers=*/1);
  std::latch removed(1);
  ASSERT_TRUE(Offer([&] {
                runner_.reset();
                scheduler_->RemoveQueue(queue_);
                removed.count_down();
              }).ok());
  removed.wait();
  EXPECT_EQ(ReasonOf(Offer().status()), Reason::MODEL_UNAVAILABLE);
  scheduler_->Shutdown();
  EXPECT_EQ(tally_.run, 1);
}

TEST_F(SchedulerTest, OneClientsChoresHoldUpAnotherNoLongerThanOne) {
  Start(/*workers=*/1);
  Gate gate;
  auto first = std::make_unique<TestWork>(tally_, gate.body());
  first->principal = 9;
  ASSERT_TRUE(scheduler_->Offer(queue_, std::move(first)).ok());
  gate.entered.wait();
  std::string order;  // only the one worker writes
  std::latch done(7);
  const auto note = [&](char c) {
    return [&order, &done, c] {
      order += c;
      done.count_down();
    };
  };
  const auto post = [&](Principal principal, char c) {
    Task chore = note(c);
    ASSERT_TRUE(scheduler_->chores().TryPost({.principal = principal}, chore));
  };
  for (int i = 0; i < 4; ++i) post(1, 'a');
  post(2, 'b');
  scheduler_->chores().Post(note('p'));
  auto work = std::make_unique<TestWork>(tally_, note('w'));
  work->principal = 3;
  ASSERT_TRUE(scheduler_->Offer(queue_, std::move(work)).ok());
  gate.leave.count_down();
  done.wait();
  EXPECT_EQ(order, "abpwaaa");
  scheduler_->Shutdown();
}

TEST_F(SchedulerTest, OfOneClientAChoreGoesBeforeTheWorkThatCameAfterIt) {
  Start(/*workers=*/1);
  Gate gate;
  ASSERT_TRUE(Offer(gate.body()).ok());
  gate.entered.wait();
  std::string order;
  std::latch done(2);
  auto work = std::make_unique<TestWork>(tally_, [&] { order += 'w', done.count_down(); });
  work->principal = 1;
  ASSERT_TRUE(scheduler_->Offer(queue_, std::move(work)).ok());
  Task chore = [&] { order += 'c', done.count_down(); };
  ASSERT_TRUE(scheduler_->chores().TryPost({.principal = 1}, chore));
  gate.leave.count_down();
  done.wait();
  EXPECT_EQ(order, "cw");
  scheduler_->Shutdown();
}

TEST_F(SchedulerTest, ChoresAreBoundedOnRequestAndDroppedAtShutdown) {
  scheduler_ = std::make_unique<Scheduler>(Scheduler::Options{.workers = 1, .chores_max = 1});
  Gate gate;
  scheduler_->chores().Post(gate.body());
  gate.entered.wait();
  int run = 0;
  Task first = [&run] { ++run; }, second = [&run] { ++run; };
  EXPECT_TRUE(scheduler_->chores().TryPost({}, first));
  EXPECT_FALSE(scheduler_->chores().TryPost({}, second));
  EXPECT_TRUE(static_cast<bool>(second));
  std::thread stopper([this] { scheduler_->Shutdown(); });
  while (scheduler_->waiting_chores() > 0) std::this_thread::yield();
  gate.leave.count_down();
  stopper.join();
  scheduler_->chores().Post([&run] { ++run; });
  EXPECT_EQ(run, 0);
}

// Runs until it is told to stop.
class EndlessRunner final : public WorkRunner {
 public:
  void Run(int, std::span<std::unique_ptr<Work>>, const std::stop_token& stop) override {
    ++running;
    while (!stop.stop_requested()) std::this_thread::yield();
    --running;
  }
  std::atomic<int> running{0};
};

TEST_F(SchedulerTest, RunningWorkIsToldToStop) {
  Start(/*workers=*/1);
  auto endless = std::make_shared<EndlessRunner>();
  const QueueId queue = scheduler_->AddQueue({.name = "endless"}, endless);
  for (int i = 0; i < 3; ++i) {
    const Ticket ticket = *scheduler_->Offer(queue, std::make_unique<TestWork>(tally_));
    while (endless->running == 0) std::this_thread::yield();
    EXPECT_FALSE(scheduler_->Cancel(ticket));
    while (endless->running == 1) std::this_thread::yield();
    std::latch done(1);  // the stop was that batch's own
    ASSERT_TRUE(Offer([&done] { done.count_down(); }).ok());
    done.wait();
  }
  ASSERT_TRUE(scheduler_->Offer(queue, std::make_unique<TestWork>(tally_)).ok());
  while (endless->running == 0) std::this_thread::yield();
  scheduler_->Shutdown();  // it, too, does not wait for ever
}

TEST_F(SchedulerTest, AChoreThatNobodyWaitsForLeavesTheQueueAtOnce) {
  scheduler_ = std::make_unique<Scheduler>(Scheduler::Options{.workers = 1, .chores_max = 1});
  Gate gate;
  scheduler_->chores().Post(gate.body());
  gate.entered.wait();
  std::stop_source stop;
  int run = 0;
  const auto held = std::make_shared<int>(0);
  Task first = [&run, held] { ++run; }, second = [&run] { ++run; };
  EXPECT_TRUE(scheduler_->chores().TryPost({.stop = stop.get_token()}, first));
  stop.request_stop();
  EXPECT_EQ(held.use_count(), 1) << "what it held is free although the worker is busy";
  EXPECT_EQ(scheduler_->waiting_chores(), 0u);
  EXPECT_TRUE(scheduler_->chores().TryPost({}, second));
  gate.leave.count_down();
  while (scheduler_->waiting_chores() > 0) std::this_thread::yield();
  scheduler_->Shutdown();
  EXPECT_EQ(run, 1);
}

TEST_F(SchedulerTest, ChoresComeAndGoFromManyThreads) {
  scheduler_ = std::make_unique<Scheduler>(Scheduler::Options{.workers = 2, .chores_max = 100'000});
  std::atomic<int> run{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        std::stop_source stop;
        Task chore = [&run] { ++run; };
        ASSERT_TRUE(scheduler_->chores().TryPost({.stop = stop.get_token()}, chore));
        if (i % 2 == 0) stop.request_stop();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  scheduler_->Shutdown();
  EXPECT_LE(run, 6'000);
  EXPECT_EQ(scheduler_->waiting_chores(), 0u);
}

// Runs what is posted on the spot: the reader of an answer who is back at once.
class Prompt final : public Executor {
 public:
  void Post(Task task) override { task(); }
};

// Takes long enough for its place to matter; tells which thread ran it, through PostResult.
struct AnsweringWork final : Work {
  AnsweringWork(Executor& to, std::function<void(std::thread::id)> answer) : to(to), answer(std::move(answer)) {
    deadline = SystemClock().Now() + seconds(600);
  }
  void Dropped(absl::Status) override {}
  Executor& to;
  std::function<void(std::thread::id)> answer;
};

class AnsweringRunner final : public WorkRunner {
 public:
  void Run(int, std::span<std::unique_ptr<Work>> batch, const std::stop_token&) override {
    const TimePoint end = SystemClock().Now() + std::chrono::milliseconds(1);
    while (SystemClock().Now() < end) std::this_thread::yield();
    for (auto& item : batch) {
      auto& work = static_cast<AnsweringWork&>(*item);
      work.PostResult(work.to, [answer = work.answer, id = std::this_thread::get_id()] { answer(id); });
    }
  }
};

TEST_F(SchedulerTest, WhoComesBackWithTheAnswerGetsTheSameWarmWorker) {
  Start(/*workers=*/3);
  Prompt prompt;
  const QueueId queue = scheduler_->AddQueue({.name = "answers"}, std::make_shared<AnsweringRunner>());
  std::vector<std::thread::id> ran;
  std::latch over(20);
  std::function<void(std::thread::id)> again = [&](std::thread::id id) {
    ran.push_back(id);
    over.count_down();
    if (ran.size() == 20) return;
    ASSERT_TRUE(scheduler_->Offer(queue, std::make_unique<AnsweringWork>(prompt, again)).ok());
  };
  ASSERT_TRUE(scheduler_->Offer(queue, std::make_unique<AnsweringWork>(prompt, again)).ok());
  over.wait();
  scheduler_->Shutdown();
  EXPECT_EQ(ran, std::vector<std::thread::id>(20, ran[0]));
}

TEST_F(SchedulerTest, WorkersReportTheirBusyTime) {
  Start(/*workers=*/1);
  Gate gate;
  ASSERT_TRUE(Offer(gate.body()).ok());
  gate.entered.wait();
  const auto before = scheduler_->Workers().at(0);
  while (scheduler_->Workers().at(0).busy <= before.busy) std::this_thread::yield();
  EXPECT_EQ(scheduler_->Queues().at(0).running, 1u);
  gate.leave.count_down();
  scheduler_->Shutdown();
  EXPECT_LE(scheduler_->Workers().at(0).busy, scheduler_->Workers().at(0).elapsed);
}

// Little waits, but runs have become as long as deadlines: what tells is that work is refused.
TEST_F(SchedulerTest, WhileWorkIsRefusedWhatComesIsJudgedBeforeItsBody) {
  FakeClock clock;
  Scheduler scheduler({.workers = 1}, clock);
  const QueueId queue = scheduler.AddQueue({.name = "q"}, runner_);
  const auto offer = [&](std::function<void()> body) {
    auto work = std::make_unique<TestWork>(tally_, std::move(body));
    work->deadline = clock.Now() + std::chrono::milliseconds(100);
    return scheduler.Offer(queue, std::move(work)).status();
  };
  const auto judge = [&] {
    return scheduler.Judge(WorkClass::kLive, kOwnWork, clock.Now() + std::chrono::milliseconds(100));
  };
  for (uint64_t run = 1; run <= 3; ++run) {
    ASSERT_TRUE(offer([&] { clock.Advance(std::chrono::milliseconds(90)); }).ok());
    while (scheduler.Queues().at(0).done < run) std::this_thread::yield();
  }
  Gate gate;
  ASSERT_TRUE(offer(gate.body()).ok());
  gate.entered.wait();
  EXPECT_TRUE(judge().ok());
  EXPECT_EQ(ReasonOf(offer({})), Reason::OVERLOADED);
  EXPECT_EQ(ReasonOf(judge()), Reason::OVERLOADED);
  clock.Advance(seconds(1));
  EXPECT_TRUE(judge().ok());
  gate.leave.count_down();
  scheduler.Shutdown();
}

}  // namespace
}  // namespace sluice
