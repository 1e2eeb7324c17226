#include "cli/bench/generator.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/testing/fake_loop.h"

namespace sluice::cli::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers every call after `takes`; at most `room` at a time.
class FakeClient final : public Client {
 public:
  explicit FakeClient(FakeLoop& loop) : loop_(loop) {}

  bool Send(const Call& call, Done& done) override {
    if (busy >= room) return false;
    ++busy;
    sent.push_back(call);
    const bool good = good_every > 0 && sent.size() % good_every == 0;
    loop_.At(loop_.clock().Now() + takes,
             [this, done = std::move(done), answer = good ? Answer{.status = 200} : answer]() mutable {
               --busy;
               done(answer);
             });
    return true;
  }
  void Sweep(TimePoint) override {}

  Duration takes = milliseconds(5);
  Answer answer{.status = 200};
  size_t good_every = 0;  // whatever `answer` says
  size_t room = SIZE_MAX, busy = 0;
  std::vector<Call> sent;

 private:
  FakeLoop& loop_;
};

class GeneratorTest : public testing::Test {
 protected:
  static Step At(double per_second, Duration lasts) { return {.name = "", .per_second = per_second, .lasts = lasts}; }

  GeneratorTest() {
    load_.spacing = Spacing::kConstant;
    load_.classes = load_.principals = {Share{}};
    load_.deadline = milliseconds(100);
  }

  // To the end; fails when there is none within a minute.
  Generator& Run() {
    generator_.emplace(loop_, client_, random_, load_,
                       Generator::Hooks{.on_step = [this](size_t step) { began_.push_back(step); },
                                        .on_done = [this] { done_ = true; }});
    generator_->Start();
    loop_.Advance(seconds(60));
    EXPECT_TRUE(done_);
    return *generator_;
  }
  const Tally& First() { return Run().steps()[0].all; }
  static void ExpectSums(const Tally& tally) {
    EXPECT_EQ(tally.offered, tally.sent + tally.unsent);
    EXPECT_EQ(tally.sent, tally.ok + tally.late + tally.refused + tally.failed);
  }

  FakeLoop loop_;
  FakeClient client_{loop_};
  Random random_{42};
  Load load_;
  std::optional<Generator> generator_;
  std::vector<size_t> began_;
  bool done_ = false;
};

TEST_F(GeneratorTest, SendsAtItsRateAndCountsEveryCall) {
  load_.steps = {At(1000, seconds(2)), At(500, seconds(2))};
  load_.pause = seconds(1);
  const Generator& generator = Run();
  EXPECT_EQ(generator.steps()[0].all.ok, 2000u);
  EXPECT_EQ(generator.steps()[1].all.ok, 1000u);
  for (const StepResult& step : generator.steps()) ExpectSums(step.all);
  EXPECT_LE(generator.steps()[0].all.lag.max(), milliseconds(1)) << "a tick at most";
  EXPECT_EQ(began_, (std::vector<size_t>{0, 1, 2}));
}

TEST_F(GeneratorTest, AStalledServerShowsInEveryCallThatItDelayed) {
  // One connection and 300 ms a call: whoever counts from the sending sees 300 ms, and nobody waiting.
  load_.steps = {At(10, seconds(1))};
  load_.deadline = Duration::zero();
  client_.room = 1;
  client_.takes = milliseconds(300);
  const Tally& tally = First();
  EXPECT_EQ(tally.ok, 10u);
  EXPECT_GE(tally.ok_took.max(), milliseconds(300 * 10 - 900));
  EXPECT_GE(tally.lag.max(), milliseconds(300 * 9 - 900));
}

TEST_F(GeneratorTest, WhatCannotBeSentInTimeIsNotSent) {
  load_.steps = {At(1000, seconds(1))};
  client_.room = 1;
  const Tally& tally = First();
  ExpectSums(tally);
  EXPECT_NEAR(static_cast<double>(tally.sent), 200, 30);
  EXPECT_GT(tally.unsent, 700u);
  for (const Call& call : client_.sent) EXPECT_LE(call.left, milliseconds(100));
}

TEST_F(GeneratorTest, AnAnswerAfterTheDeadlineIsLate) {
  load_.steps = {At(100, seconds(1))};
  client_.takes = milliseconds(101);
  EXPECT_EQ(First().late, 100u);
}

TEST_F(GeneratorTest, ClassesAndPrincipalsAreCountedApart) {
  load_.steps = {At(1000, seconds(5))};
  load_.classes = {{"live", 3}, {"batch", 1}};
  load_.principals = {{"a", 20}, {"b", 1}};
  const StepResult& step = Run().steps()[0];
  EXPECT_NEAR(static_cast<double>(step.classes[0].ok), 3750, 150);
  EXPECT_EQ(step.classes[0].ok + step.classes[1].ok, step.all.ok);
  EXPECT_EQ(step.principals[0].ok + step.principals[1].ok, step.all.ok);
  EXPECT_NEAR(static_cast<double>(step.principals[1].ok), 5000 / 21.0, 60);
}

TEST_F(GeneratorTest, RetriesWaitAsAskedAndStayWithinTheirBudget) {
  load_.steps = {At(100, seconds(10))};
  load_.retry = true;
  client_.answer = {.status = 503, .retry_after = seconds(3)};
  client_.good_every = 2;
  const Tally& tally = First();
  ExpectSums(tally);
  EXPECT_GT(tally.retries, 30u);
  EXPECT_LE(tally.retries, 55u);
  EXPECT_EQ(tally.offered, 1000 + tally.retries);
  EXPECT_EQ(tally.refused + tally.ok, tally.sent);
}

TEST_F(GeneratorTest, NothingIsRetriedWhileNothingSucceeds) {
  load_.steps = {At(100, seconds(10))};
  load_.retry = true;
  client_.answer = {.status = 503, .retry_after = milliseconds(100)};
  EXPECT_EQ(First().retries, 0u);
}

TEST_F(GeneratorTest, NeverMeansNever) {
  load_.steps = {At(100, seconds(5))};
  load_.retry = true;
  client_.answer = {.status = 503, .never_retry = true};
  EXPECT_EQ(First().retries, 0u);
}

TEST_F(GeneratorTest, TheTimelineHasEveryCall) {
  load_.steps = {At(200, seconds(1)), At(2000, seconds(1)), At(200, seconds(1))};
  load_.window = milliseconds(100);
  const Generator& generator = Run();
  uint64_t offered = 0, ok = 0;
  for (const Window& window : generator.windows()) offered += window.offered, ok += window.ok;
  EXPECT_EQ(offered, 2400u);
  EXPECT_EQ(ok, 2400u);
  EXPECT_EQ(generator.windows()[5].offered, 20u);
  EXPECT_EQ(generator.windows()[15].offered, 200u);
}

}  // namespace
}  // namespace sluice::cli::bench
