#include "admission/breaker/breaker_core.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Result = Breaker::Result;

class BreakerTest : public testing::Test {
 protected:
  // A call that takes no time. False: refused.
  bool Call(Result result, Duration took = {}) {
    const auto pass = breaker.Enter(now);
    if (pass) breaker.Leave(*pass, result, took, now);
    return pass.has_value();
  }
  void Calls(int good, int faults) {
    for (int i = 0; i < good; ++i) Call(Result::kGood);
    for (int i = 0; i < faults; ++i) Call(Result::kFault);
  }

  TimePoint now{100s};
  Breaker breaker{{}};
};

TEST_F(BreakerTest, ExactlyHalfStaysClosedAndMoreOpens) {
  Calls(50, 50);
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
  Call(Result::kFault);
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
  EXPECT_FALSE(Call(Result::kGood));
  EXPECT_EQ(breaker.RetryAfter(now), 10s);
}

TEST_F(BreakerTest, FewCallsOpenNothing) {
  Calls(0, 4);
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
  Call(Result::kFault);
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
}

TEST_F(BreakerTest, TheWindowSlides) {
  Calls(0, 4);
  now += 1s;
  Calls(0, 4);
  EXPECT_EQ(breaker.state(), BreakerState::kClosed) << "the first four are no longer in the window";
  now += 500ms;
  Call(Result::kFault);
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
}

TEST_F(BreakerTest, AProbeDecides) {
  Calls(0, 5);
  now += 10s;
  const auto probe = breaker.Enter(now);
  ASSERT_TRUE(probe && probe->probe);
  EXPECT_FALSE(Call(Result::kGood)) << "one at a time";
  breaker.Leave(*probe, Result::kFault, {}, now);
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
  EXPECT_EQ(breaker.RetryAfter(now), 10s) << "anew";
  now += 10s;
  EXPECT_TRUE(Call(Result::kGood));
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
  Calls(0, 4);
  EXPECT_EQ(breaker.state(), BreakerState::kClosed) << "it counts from the start";
}

TEST_F(BreakerTest, AProbeThatSaysNothingGivesItsPlaceBack) {
  Calls(0, 5);
  now += 10s;
  EXPECT_TRUE(Call(Result::kNotCounted));
  EXPECT_EQ(breaker.state(), BreakerState::kHalfOpen);
  EXPECT_TRUE(Call(Result::kGood));
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
}

TEST_F(BreakerTest, LateEndsOfAnEarlierTimeDecideNothing) {
  const auto before = breaker.Enter(now);
  const auto other = breaker.Enter(now);
  Calls(0, 5);
  now += 10s;
  const auto probe = breaker.Enter(now);
  ASSERT_TRUE(probe);
  breaker.Leave(*before, Result::kGood, {}, now);
  EXPECT_EQ(breaker.state(), BreakerState::kHalfOpen) << "it was let in before the trip";
  breaker.Leave(*probe, Result::kGood, {}, now);
  for (int i = 0; i < 10; ++i) breaker.Leave(*other, Result::kFault, {}, now);
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
}

TEST_F(BreakerTest, TheClientsFaultsAndOurRefusalsDoNotCount) {
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(Call(Result::kNotCounted));
  EXPECT_EQ(breaker.Counts(now).calls, 0u);
}

TEST_F(BreakerTest, SlowRatioAndErrorCount) {
  breaker = Breaker({.grade = BreakerPolicy::Grade::kSlowRatio, .threshold = 1, .slow_above = 50ms});
  for (int i = 0; i < 5; ++i) Call(Result::kFault, 50ms);
  EXPECT_EQ(breaker.state(), BreakerState::kClosed) << "failed, and not slow";
  now += 2s;
  for (int i = 0; i < 5; ++i) Call(Result::kGood, 51ms);
  EXPECT_EQ(breaker.state(), BreakerState::kOpen) << "a ratio of 1 opens at 1";
  now += 10s;
  Call(Result::kGood, 60ms);
  EXPECT_EQ(breaker.state(), BreakerState::kOpen) << "a slow probe";

  breaker = Breaker({.grade = BreakerPolicy::Grade::kErrorCount, .threshold = 7});
  Calls(1000, 7);
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
  Call(Result::kFault);
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
}

TEST_F(BreakerTest, ByHand) {
  breaker.Force(BreakerState::kOpen);
  now += 1h;
  EXPECT_FALSE(Call(Result::kGood));
  breaker.Force(BreakerState::kClosed);
  Calls(0, 100);
  EXPECT_TRUE(Call(Result::kGood));
  breaker.Force(std::nullopt);
  Calls(0, 5);
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
}

// The rule once more, as plainly as it can be written: all ends are kept, and the window is looked up among them.
class Plain {
 public:
  explicit Plain(const BreakerPolicy& p) : p_(p) {}
  bool Enter(TimePoint now) {
    if (open_ && now >= until_ && !half_) half_ = true;
    if (!open_) return true;
    if (!half_ || probe_) return false;
    return probe_ = true;
  }
  void Leave(bool fault, TimePoint now) {
    if (open_) {
      open_ = fault, half_ = probe_ = false, until_ = now + p_.open_for;
      return ends_.clear();
    }
    ends_.emplace_back(now, fault);
    const auto slice = p_.interval / CallWindow::kSlices;
    double calls = 0, faults = 0;
    for (const auto& [at, bad] : ends_) {
      if (at.time_since_epoch() / slice <= now.time_since_epoch() / slice - CallWindow::kSlices) continue;
      ++calls, faults += bad;
    }
    if (calls < p_.min_calls || faults / calls <= p_.threshold) return;
    open_ = true, until_ = now + p_.open_for;
    ends_.clear();
  }
  bool open() const { return open_ && !half_; }

 private:
  BreakerPolicy p_;
  std::deque<std::pair<TimePoint, bool>> ends_;
  bool open_ = false, half_ = false, probe_ = false;
  TimePoint until_;
};

TEST_F(BreakerTest, DoesWhatThePlainModelDoes) {
  const unsigned seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  std::mt19937 random(seed);
  Plain plain({});
  int opened = 0;
  double ill = 0.3;
  for (int i = 0; i < 200'000; ++i) {
    now += std::chrono::microseconds(random() % 60'000);
    if (random() % 200 == 0) ill = static_cast<double>(random() % 100) / 100;
    const bool fault = static_cast<double>(random() % 1000) < ill * 1000;
    const auto pass = breaker.Enter(now);
    ASSERT_EQ(pass.has_value(), plain.Enter(now)) << "seed " << seed << ", call " << i;
    if (!pass) continue;
    breaker.Leave(*pass, fault ? Result::kFault : Result::kGood, {}, now);
    plain.Leave(fault, now);
    ASSERT_EQ(breaker.state() == BreakerState::kOpen, plain.open()) << "seed " << seed << ", call " << i;
    opened += plain.open();
  }
  EXPECT_GT(opened, 10);
}

}  // namespace
}  // namespace sluice
