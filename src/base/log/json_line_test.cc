#include "base/log/json_line.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(JsonLine, WritesEachKindOfValue) {
  JsonLine line;
  line.Put("{\"at\":\"");
  line.PutTime(WallTime(std::chrono::microseconds(1'700'000'000'000'007)));
  line.Put("\",\"text\":");
  line.PutText("plain");
  line.Put(",\"none\":");
  line.PutText("");
  line.Put(",\"odd\":");
  line.PutText("a\"b\n\xff服");
  line.Put(",\"number\":");
  line.PutNumber(UINT64_MAX);
  line.Put(",\"ms\":");
  line.PutMillis(12.3456);
  line.Put(",\"id\":\"");
  line.PutHex(0xf067aa0ba902b7);
  line.Put("\"}");
  EXPECT_EQ(line.view(),
            "{\"at\":\"2023-11-14T22:13:20.000007Z\",\"text\":\"plain\",\"none\":null,\"odd\":"
            "\"a\\\"b\\u000a\xEF\xBF\xBD服\","
            "\"number\":18446744073709551615,\"ms\":12.346,\"id\":\"00f067aa0ba902b7\"}");
}

TEST(JsonLine, GrowsAndIsUsedAgain) {
  JsonLine line;
  const std::string plain(5000, 'x'), odd(5000, '\x01');
  line.PutText(plain);
  line.PutText(odd);
  EXPECT_EQ(line.view().size(), 2 * 2 + 5000 + 6 * 5000u);
  line.Clear();
  EXPECT_TRUE(line.view().empty());
  line.PutNumber(0);
  EXPECT_EQ(line.view(), "0");
}

TEST(JsonLine, TimesAreThoseOfMillisecondsElsewhere) {
  for (const double ms : {-1.0, 0.0, 0.0004, 0.0006, 0.9999, 1.0, 999.9994, 123456789.001}) {
    JsonLine line;
    line.PutMillis(ms);
    std::string text;
    AppendMillis(ms, text);
    EXPECT_EQ(line.view(), text);
  }
}

}  // namespace
}  // namespace sluice
