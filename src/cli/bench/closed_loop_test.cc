#include "cli/bench/closed_loop.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(ClosedLoopTest, FindsTheCapacity) { EXPECT_NEAR(Measure({.status = 200}), 200, 1); }
TEST(ClosedLoopTest, RefusalsAreNoCapacity) { EXPECT_EQ(Measure({.status = 503}), 0); }

}  // namespace
}  // namespace sluice::cli::bench
