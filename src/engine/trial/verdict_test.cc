#include "engine/trial/verdict.h"

#include "engine/trial/agree.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::trial {
namespace {

using ::testing::HasSubstr;

Outcome Able(std::string engine, double us, std::vector<float> values = {1, 2}) {
  Outcome outcome{.engine = std::move(engine)};
  outcome.report.set_loads(true);
  outcome.report.set_us_a_run(us);
  auto& run = *outcome.report.add_runs();
  run.set_inputs("ones");
  run.set_ok(true);
  SetSample({"y", DType::kFp32, {static_cast<int64_t>(values.size())}, values.data(), values.size() * 4},
            *run.add_outputs());
  return outcome;
}

Outcome Unable(std::string engine, std::string why) { return {.engine = std::move(engine), .failure = std::move(why)}; }

void AddHostile(Outcome& outcome, const char* inputs, bool ok, int64_t value = 0) {
  auto& run = *outcome.report.add_runs();
  run.set_inputs(inputs);
  run.set_hostile(true);
  run.set_ok(ok);
  if (ok) SetSample({"y", DType::kInt64, {1}, &value, sizeof value}, *run.add_outputs());
}

TEST(Verdict, TheFirstIsTakenUnlessAnotherIsMoreThanATenthFaster) {
  EXPECT_EQ(Decide({Able("a", 100), Able("b", 91)}, true).engine(), "a");
  EXPECT_EQ(Decide({Able("a", 100), Able("b", 89)}, true).engine(), "b");
  EXPECT_EQ(Decide({Able("a", 100), Able("b", 89)}, true).reason(), "b 89 us per run, a 100 us per run");
  EXPECT_EQ(Decide({Able("a", 2400), Able("b", 2560)}, true).reason(), "a 2.4 ms per run, b 2.56 ms per run");
  EXPECT_EQ(Decide({Able("a", 0), Able("b", 5)}, true).engine(), "a") << "no figure, no choice by it";
}

TEST(Verdict, WhoCannotIsNamedWithItsReason) {
  const Verdict one = Decide({Unable("a", "not implemented"), Able("b", 9)}, true);
  EXPECT_EQ(one.engine(), "b");
  EXPECT_EQ(one.reason(), "b 9 us per run; a: not implemented");
  const Verdict none = Decide({Unable("a", "crashed"), Unable("b", "hangs")}, true);
  EXPECT_EQ(none.engine(), "");
  EXPECT_EQ(none.reason(), "a: crashed; b: hangs");
  EXPECT_EQ(Decide({Unable("a", "crashed")}, true).reason(), "crashed");
}

TEST(Verdict, WhereTheyDisagreeTheFirstIsTakenWithAWarning) {
  const Verdict verdict = Decide({Able("a", 100), Able("b", 10, {1, 3})}, true);
  EXPECT_EQ(verdict.engine(), "a");
  EXPECT_EQ(verdict.warning(), "b gives different results than a: on ones, output 1: 2 against 3");
  EXPECT_EQ(Decide({Able("a", 100), Able("b", 10, {1, 2.0001f})}, true).engine(), "b") << "within what f32 allows";
}

TEST(Verdict, WhoDoesNotCheckIndicesServesNoCallersData) {
  Outcome checks = Able("a", 100), careless = Able("b", 10);
  AddHostile(checks, "far indices", false);
  AddHostile(careless, "far indices", true);
  const Verdict verdict = Decide({checks, careless}, /*trusted_inputs=*/false);
  EXPECT_EQ(verdict.engine(), "a");
  EXPECT_THAT(verdict.reason(),
              HasSubstr("b is ruled out: a result for far indices, where the other reports an error"));
  EXPECT_EQ(Decide({checks, careless}, /*trusted_inputs=*/true).engine(), "b");
}

TEST(Verdict, WhoNarrowsNumbersServesNoCallersData) {
  Outcome exact = Able("a", 100), narrow = Able("b", 10);
  AddHostile(exact, "64-bit numbers", true, (int64_t{1} << 40) + 1);
  AddHostile(narrow, "64-bit numbers", true, 1);
  EXPECT_EQ(Decide({exact, narrow}, false).engine(), "a");
}

TEST(Agree, ByTypeAndSize) {
  const auto differ = [](DType dtype, const void* a, const void* b, size_t bytes) {
    ai::inference::trial::Run one, other;
    one.set_ok(true);
    other.set_ok(true);
    SetSample({"y", dtype, {static_cast<int64_t>(bytes / SizeOf(dtype))}, a, bytes}, *one.add_outputs());
    SetSample({"y", dtype, {static_cast<int64_t>(bytes / SizeOf(dtype))}, b, bytes}, *other.add_outputs());
    return !DifferenceOf(one, other).empty();
  };
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const float a[] = {1, nan, infinity, 1000}, b[] = {1.0001f, nan, infinity, 1000.5f}, c[] = {1, 0, infinity, 1000};
  EXPECT_FALSE(differ(DType::kFp32, a, b, sizeof a));
  EXPECT_TRUE(differ(DType::kFp32, a, c, sizeof a));
  const float noise[] = {2.4e-7f, 0}, other_noise[] = {0, 2.4e-7f}, small[] = {2e-6f, 0};
  EXPECT_FALSE(differ(DType::kFp32, noise, other_noise, sizeof noise)) << "what is left of numbers that cancel";
  EXPECT_TRUE(differ(DType::kFp32, small, noise, sizeof noise));
  const double exact[] = {1 + 1e-12}, narrowed[] = {1};
  EXPECT_TRUE(differ(DType::kFp64, exact, narrowed, 8));
  const int32_t one[] = {1}, two[] = {2};
  EXPECT_TRUE(differ(DType::kInt32, one, two, 4));
  EXPECT_FALSE(differ(DType::kInt32, one, one, 4));
  const uint16_t half[] = {0x3c00}, near[] = {0x3c01}, far[] = {0x4000};
  EXPECT_FALSE(differ(DType::kFp16, half, near, 2));
  EXPECT_TRUE(differ(DType::kFp16, half, far, 2));
}

TEST(Agree, LargeOutputsAreSampledEvenly) {
  std::vector<float> values(1 << 20);
  values.back() = 5;
  ai::inference::trial::Output out;
  SetSample({"y", DType::kFp32, {1 << 20}, values.data(), values.size() * 4}, out);
  EXPECT_EQ(out.sample().size(), 32u << 10);
}

}  // namespace
}  // namespace sluice::trial
