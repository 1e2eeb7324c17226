#include "transport/content_coding.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "transport/gzip.h"
#include "transport/http/canonical.h"

namespace sluice::transport {
namespace {

class ContentCodingTest : public testing::Test {
 protected:
  absl::Status Undo(std::string& bytes, std::string_view coding, Codings taken) {
    DecodeMemory memory(budget_, hold_, 1000);
    return Unpack(bytes, coding, taken, memory);
  }
  Budget budget_{1 << 20, 1};
  BudgetHold hold_;
};

TEST_F(ContentCodingTest, NoCodingChangesNothing) {
  for (const char* coding : {"", "identity"}) {
    std::string bytes = "plain";
    EXPECT_FALSE(IsCoded(coding));
    EXPECT_TRUE(Undo(bytes, coding, Codings::kGzip).ok());
    EXPECT_EQ(bytes, "plain");
  }
}

TEST_F(ContentCodingTest, GzipIsUndoneWithinTheBound) {
  std::string bytes, large;
  Deflate("packed", bytes);
  Deflate(std::string(1001, 'x'), large);
  EXPECT_TRUE(IsCoded("gzip"));
  ASSERT_TRUE(Undo(bytes, "gzip", Codings::kGzip).ok());
  EXPECT_EQ(bytes, "packed");
  EXPECT_EQ(ReasonOf(Undo(large, "gzip", Codings::kGzip)), Reason::BODY_TOO_LARGE);
  std::string broken = "no gzip";
  EXPECT_EQ(ReasonOf(Undo(broken, "gzip", Codings::kGzip)), Reason::INVALID_BODY);
}

TEST_F(ContentCodingTest, OnlyTheCodingsThatAreTaken) {
  std::string bytes = "x";
  EXPECT_EQ(ReasonOf(Undo(bytes, "br", Codings::kGzipAndDeflate)), Reason::UNSUPPORTED_ENCODING);
  EXPECT_EQ(ReasonOf(Undo(bytes, "deflate", Codings::kGzip)), Reason::UNSUPPORTED_ENCODING);
  EXPECT_EQ(ReasonOf(Undo(bytes, "deflate", Codings::kGzipAndDeflate)), Reason::INVALID_BODY) << "taken, and broken";
}

TEST_F(ContentCodingTest, SeveralLinesAreOneListAndIdentityIsNone) {
  const auto of = [](std::initializer_list<std::string_view> lines) {
    Headers headers;
    for (const std::string_view line : lines) http::AddRequestHeader("content-encoding", line, headers);
    return ContentCoding(headers);
  };
  EXPECT_EQ(of({}), "");
  EXPECT_EQ(of({"Identity", ""}), "");
  EXPECT_EQ(of({"X-Gzip"}), "gzip");
  EXPECT_EQ(of({"gzip, identity"}), "gzip");
  EXPECT_EQ(of({"identity", "gzip"}), "gzip");
  EXPECT_EQ(of({"gzip", "br"}), "gzip, br") << "which nobody undoes";
}

}  // namespace
}  // namespace sluice::transport
