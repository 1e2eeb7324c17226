#include "cli/bench/closed_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/testing/fake_loop.h"

namespace sluice::cli::bench {
namespace {

// Two workers of 10 ms a call: 200 a second, however many calls wait.
class TwoWorkers final : public Client {
 public:
  explicit TwoWorkers(FakeLoop& loop) : loop_(loop) {}
  bool Send(const Call&, Done& done) override {
    TimePoint& worker = free_[0] <= free_[1] ? free_[0] : free_[1];
    worker = std::max(worker, loop_.clock().Now()) + std::chrono::milliseconds(10);
    loop_.At(worker, [this, done = std::move(done)]() mutable { done(answer); });
    return true;
  }
  void Sweep(TimePoint) override {}
  Answer answer{.status = 200};

 private:
  FakeLoop& loop_;
  TimePoint free_[2] = {};
};

double Measure(const Answer& answer) {
  FakeLoop loop;
  TwoWorkers client(loop);
  client.answer = answer;
  double capacity = -1;
  ClosedLoop closed(loop, client, {.in_flight = 8}, [&](double found) { capacity = found; });
  closed.Start();
  loop.Advance(std::chrono::minutes(1));
  EXPECT_EQ(loop.timers(), 0u) << "nothing runs on";
  return capacity;
}

// Never answers; gives up when it is time.
class Hanging final : public Client {
 public:
  bool Send(const Call& call, Done& done) override {
    calls_.emplace_back(call.give_up_at, std::move(done));
    return true;
  }
  void Sweep(TimePoint now) override {
    auto calls = std::move(calls_);
    calls_.clear();
    for (auto& [when, done] : calls) {
      if (when <= now) {
        done({});
      } else {
        calls_.emplace_back(when, std::move(done));
      }
    }
  }

 private:
  std::vector<std::pair<TimePoint, Done>> calls_;
};

TEST(ClosedLoopTest, AServerThatHangsDoesNotHoldItUp) {
  FakeLoop loop;
  Hanging client;
  double capacity = -1;
  ClosedLoop closed(loop, client, {.in_flight = 3}, [&](double found) { capacity = found; });
  closed.Start();
  loop.Advance(std::chrono::minutes(1));
  EXPECT_EQ(capacity, 0);
  EXPECT_EQ(loop.timers(), 0u);
}

TEST(ClosedLoopTest, FindsTheCapacity) { EXPECT_NEAR(Measure({.status = 200}), 200, 1); }
TEST(ClosedLoopTest, RefusalsAreNoCapacity) { EXPECT_EQ(Measure({.status = 503}), 0); }

}  // namespace
}  // namespace sluice::cli::bench
