#include "base/log/log.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(LogTest, ALineIsOneJsonObjectWithTypedFields) {
  EXPECT_EQ(
      FormatLogLine("T", "error", "tls.reload_failed",
                    {{"file", "a\"b\n"}, {"size", 3}, {"ratio", 0.5}, {"kept", true}}),
      R"({"timestamp":"T","level":"error","event":"tls.reload_failed","file":"a\"b\u000a","size":3,"ratio":0.5,"kept":true})");
}

}  // namespace
}  // namespace sluice
