#include "base/trace_state.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/strings.h"

namespace sluice {
namespace {

std::string In(const std::vector<std::string>& lines) {
  Headers headers;
  headers.Add("traceparent", "whatever");
  for (const std::string& line : lines) headers.Add("tracestate", line);
  return TraceStateIn(headers);
}

TEST(TraceStateTest, IsPassedOnAsItCame) {
  EXPECT_EQ(In({}), "");
  EXPECT_EQ(In({"congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"}), "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
  EXPECT_EQ(In({"1tenant@system=a b;c:d"}), "1tenant@system=a b;c:d");
  EXPECT_EQ(In({"a=1,", " ,\tb=2 , ", "c=3"}), "a=1,b=2,c=3") << "several lines are one list";
}

TEST(TraceStateTest, OneWrongMemberMakesItNone) {
  for (const char* bad : {"a", "=1", "a=", "A=1", "1=1", "a b=1", "a=1=2", "a=\x7f", "a=\xc3\xa4", "a=1,a=2", "a@=1",
                          "@a=1", "a@B=1", "a@1b=1", "a@abcdefghijklmno=1", "a@b@c=1", "a=1\nb"}) {
    EXPECT_EQ(In({"ok=1", bad}), "") << bad;
  }
}

TEST(TraceStateTest, IsBounded) {
  std::string members = "a0=1";
  for (int i = 1; i < 32; ++i) members += StrCat(",a", i, "=1");
  EXPECT_EQ(In({members}), members);
  EXPECT_EQ(In({members, "one=more"}), "");
  const std::string key(256, 'k'), value(256, 'v');
  EXPECT_EQ(In({key.substr(1) + "=" + value}).size(), 512u);
  EXPECT_EQ(In({key + "=" + value}), "") << "513 bytes";
  EXPECT_EQ(In({"a=" + value + "v"}), "");
  EXPECT_EQ(In({key + "k=1"}), "");
}

}  // namespace
}  // namespace sluice
