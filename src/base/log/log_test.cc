#include "base/log/log.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(LogTest, ALineIsOneJsonObjectWithTypedFields) {
  EXPECT_EQ(
      FormatLogLine("T", "error", "tls.reload_failed",
                    {{"file", "a\"b\n"}, {"size", 3}, {"ratio", 0.5}, {"kept", true}}),
      R"({"timestamp":"T","level":"error","event":"tls.reload_failed","file":"a\"b\u000a","size":3,)"
      R"("ratio":0.5,"kept":true})");
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

TEST(LogTest, AModuleMayHaveALevelOfItsOwn) {
  SetLogLevel(LogLevel::kWarning);
  ASSERT_TRUE(SetLogLevelOf("model", LogLevel::kInfo).ok());
  testing::internal::CaptureStderr();
  LogInfo("model.serving");
  LogInfo("models.other");
  EXPECT_EQ(GetLogLevels().modules.at("model"), LogLevel::kInfo);
  ASSERT_TRUE(SetLogLevelOf("model", std::nullopt).ok());
  LogInfo("model.again");
  SetLogLevel(LogLevel::kInfo);
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_NE(written.find("model.serving"), std::string::npos);
  EXPECT_EQ(written.find("models.other"), std::string::npos);
  EXPECT_EQ(written.find("model.again"), std::string::npos);
  for (const char* bad : {"", "a b", "model.serving"}) EXPECT_FALSE(SetLogLevelOf(bad, LogLevel::kInfo).ok()) << bad;
}

}  // namespace
}  // namespace sluice
