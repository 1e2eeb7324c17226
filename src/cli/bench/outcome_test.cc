#include "cli/bench/outcome.h"

#include <gtest/gtest.h>

namespace sluice::cli::bench {
namespace {

using std::chrono::milliseconds;
constexpr Duration kDeadline = milliseconds(100);

TEST(OutcomeTest, GoodIsWhatCameInTime) {
  EXPECT_EQ(Judge({.status = 200}, false, milliseconds(99), kDeadline), Outcome::kOk);
  EXPECT_EQ(Judge({.status = 200}, false, milliseconds(101), kDeadline), Outcome::kLate);
  EXPECT_EQ(Judge({.status = 200}, false, milliseconds(101), Duration::zero()), Outcome::kOk);
  EXPECT_EQ(Judge({.status = 504}, false, milliseconds(50), kDeadline), Outcome::kLate);
}

TEST(OutcomeTest, RefusalsAreNoFailures) {
  for (const int status : {429, 503}) {
    EXPECT_EQ(Judge({.status = status}, false, milliseconds(1), kDeadline), Outcome::kRefused);
  }
  for (const int status : {8, 14}) {
    EXPECT_EQ(Judge({.status = 200, .grpc_status = status}, true, milliseconds(1), kDeadline), Outcome::kRefused);
  }
  EXPECT_EQ(Judge({.status = 500}, false, milliseconds(1), kDeadline), Outcome::kFailed);
  EXPECT_EQ(Judge({.status = 200, .grpc_status = 13}, true, milliseconds(1), kDeadline), Outcome::kFailed);
}

TEST(OutcomeTest, NoAnswerIsAFailureAndAfterTheDeadlineLate) {
  EXPECT_EQ(Judge({}, false, milliseconds(1), kDeadline), Outcome::kFailed);
  EXPECT_EQ(Judge({}, true, milliseconds(350), kDeadline), Outcome::kLate);
  EXPECT_EQ(Judge({.status = 200}, true, milliseconds(1), kDeadline), Outcome::kFailed) << "no grpc-status";
}

TEST(OutcomeTest, WhenToComeBack) {
  EXPECT_EQ(RetryAfter("2", ""), std::chrono::seconds(2));
  EXPECT_EQ(RetryAfter("2", R"({"status":503,"retry_after_ms":150})"), milliseconds(150));
  EXPECT_EQ(RetryAfter("", "busy"), std::nullopt);
  Answer answer;
  ReadPushback("250", answer);
  EXPECT_EQ(answer.retry_after, milliseconds(250));
  EXPECT_FALSE(answer.never_retry);
  ReadPushback("-1", answer);
  EXPECT_TRUE(answer.never_retry);
}

}  // namespace
}  // namespace sluice::cli::bench
