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

TEST(LogTest, LinesBelowTheLevelAreNotWritten) {
  testing::internal::CaptureStderr();
  LogInfo("first");
  SetLogLevel(LogLevel::kWarning);
  LogInfo("second");
  LogWarning("third");
  SetLogLevel(LogLevel::kError);
  LogWarning("fourth");
  LogError("fifth");
  SetLogLevel(LogLevel::kInfo);
  const std::string written = testing::internal::GetCapturedStderr();
  for (const char* event : {"first", "third", "fifth"}) EXPECT_NE(written.find(event), std::string::npos) << event;
  for (const char* event : {"second", "fourth"}) EXPECT_EQ(written.find(event), std::string::npos) << event;
}

}  // namespace
}  // namespace sluice
