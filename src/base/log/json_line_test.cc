#include "base/log/json_line.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string Text(std::string_view text) {
  std::string out(JsonTextBytesMax(text.size()), '?');
  out.resize(static_cast<size_t>(PutJsonText(text, out.data()) - out.data()));
  return out;
}

TEST(JsonLine, PiecesFollowEachOther) {
  LineBuffer line;
  char* to = line.Room(200);
  to = PutLiteral("{\"at\":\"", to);
  to = PutRfc3339(WallTime(std::chrono::microseconds(1'700'000'000'000'007)), to);
  to = PutLiteral("\",\"text\":", to);
  to = PutJsonText("plain", to);
  to = PutLiteral(",\"number\":", to);
  to = PutNumber(UINT64_MAX, to);
  to = PutLiteral(",\"ms\":", to);
  to = PutMillis(12.3456, to);
  to = PutLiteral(",\"id\":\"", to);
  to = PutHex(0xf067aa0ba902b7, to);
  line.EndAt(PutLiteral("\"}", to));
  EXPECT_EQ(line.view(),
            "{\"at\":\"2023-11-14T22:13:20.000007Z\",\"text\":\"plain\",\"number\":18446744073709551615,"
            "\"ms\":12.346,\"id\":\"00f067aa0ba902b7\"}");
}

TEST(JsonLine, TextOfOthersIsQuoted) {
  EXPECT_EQ(Text(""), "null");
  EXPECT_EQ(Text("a b"), "\"a b\"");
  EXPECT_EQ(Text("a\"b\n\xff服"), "\"a\\\"b\\u000a\xEF\xBF\xBD服\"");
  EXPECT_EQ(Text(std::string(5000, '\x01')).size(), JsonTextBytesMax(5000)) << "no text takes more";
}

TEST(JsonLine, MemoryGrowsAndIsUsedAgain) {
  LineBuffer line;
  line.EndAt(PutJsonPlain(std::string(5000, 'x'), line.Room(5002)));
  EXPECT_EQ(line.view().size(), 5002u);
  char* const large = line.Room(5002);
  EXPECT_EQ(line.Room(1), large);
  line.EndAt(PutNumber(0, large));
  EXPECT_EQ(line.view(), "0");
}

}  // namespace
}  // namespace sluice
