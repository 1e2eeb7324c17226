#include "base/error.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(ErrorTest, CodeAndHttpStatusComeFromTheTable) {
  absl::Status status = Error(Reason::BODY_TOO_LARGE, "too large");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(InfoOf(ReasonOf(status)).http_status, 413);
  EXPECT_EQ(InfoOf(ReasonOf(status)).name, "BODY_TOO_LARGE");
}

TEST(ErrorTest, EveryReasonHasACodeAStatusAndAnErrorType) {
  const auto* reasons = ai::inference::Reason_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    const ReasonInfo& info = InfoOf(static_cast<Reason>(reasons->value(i)->number()));
    EXPECT_NE(info.grpc_code, 0) << reasons->value(i)->name();
    EXPECT_GE(info.http_status, 400) << reasons->value(i)->name();
    EXPECT_FALSE(info.error_type.empty()) << reasons->value(i)->name();
  }
}

TEST(ErrorTest, ForeignStatusGetsTheClosestReason) {
  EXPECT_EQ(ReasonOf(absl::InvalidArgumentError("x")), Reason::INVALID_REQUEST);
  EXPECT_EQ(ReasonOf(absl::DataLossError("x")), Reason::INTERNAL);
}

TEST(ErrorTest, FieldAndRetryTravelWithTheStatus) {
  absl::Status status = FieldError(Reason::INVALID_REQUEST, "texts[3]", "not text");
  EXPECT_EQ(FieldOf(status), "texts[3]");
  EXPECT_FALSE(RetryAfterOf(status).has_value());
  SetRetryAfter(status, absl::Seconds(2));
  EXPECT_EQ(RetryAfterOf(status), absl::Seconds(2));
}

}  // namespace
}  // namespace sluice
