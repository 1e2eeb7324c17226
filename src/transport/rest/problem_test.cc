#include "transport/rest/problem.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "call/outcome.h"

namespace sluice::rest {
namespace {

TEST(ProblemTest, AllMembers) {
  absl::Status status = FieldError(Reason::INVALID_BODY, "texts[3]", "texts[3] must be a string, not \"5\"");
  EXPECT_EQ(HttpStatusOf(status), 400);
  EXPECT_EQ(ProblemJson(status, "r-1"),
            R"({"type":"urn:sluice:error:INVALID_BODY","title":"Invalid body","status":400,)"
            R"("detail":"texts[3] must be a string, not \"5\"","reason":"INVALID_BODY","request_id":"r-1",)"
            R"("field_violations":[{"field":"texts[3]","description":"texts[3] must be a string, not \"5\""}]})");
}

TEST(ProblemTest, RetryAndNoField) {
  absl::Status status = Error(Reason::CIRCUIT_OPEN, "服务繁忙,请稍后重试");
  SetRetryAfter(status, absl::Milliseconds(1500));
  EXPECT_EQ(
      ProblemJson(status, ""),
      R"({"type":"urn:sluice:error:CIRCUIT_OPEN","title":"Circuit open","status":503,"detail":"服务繁忙,请稍后重试",)"
      R"("reason":"CIRCUIT_OPEN","retry_after_ms":1500})");
}

TEST(ProblemTest, AForeignStatusIsInternal) {
  EXPECT_EQ(HttpStatusOf(absl::DataLossError("x")), 500);
  EXPECT_NE(ProblemJson(absl::DataLossError("x"), "").find("\"reason\":\"INTERNAL\""), std::string::npos);
}

}  // namespace
}  // namespace sluice::rest
