#include "base/text.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Text, CutsAtCharactersWhereverTheBoundFalls) {
  const std::string text = "a\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80z";  // 1, 2, 3, 4 and 1 bytes
  const size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (size_t bound = 0; bound < std::size(kept); ++bound) {
    EXPECT_EQ(CutUtf8(text, bound), text.substr(0, kept[bound])) << bound;
    EXPECT_TRUE(IsUtf8(CutUtf8(text, bound))) << bound;
  }
}

TEST(Text, CutsWhatIsNoUtf8AtTheBound) {
  EXPECT_EQ(CutUtf8(std::string(10, '\x80'), 5).size(), 5u);
  EXPECT_EQ(CutUtf8(std::string(10, '\xFF'), 5).size(), 5u);
  EXPECT_EQ(CutUtf8("ab\xE4zz", 3), "ab\xE4");  // the lead of nothing
  EXPECT_EQ(CutUtf8("\x80\x80", 0), "");
}

TEST(Text, TellsWhatIsNotUtf8) {
  for (const std::string_view good :
       {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF",
        "12345678\xC3\xA9", "1234567\xC3\xA9 more text"})
    EXPECT_TRUE(IsUtf8(good)) << good;
  for (const std::string_view bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE4\xB8", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "12345678\xFF", "1234567\xC3"})
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  EXPECT_EQ(FirstInvalidUtf8("12345678\xC3\xA9\xFF"), 10u);
}

TEST(Text, ReplacesEachByteThatIsNotValid) {
  EXPECT_EQ(MakeValidUtf8("a\xFF\xFEz\xE4\xB8"), "a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(MakeValidUtf8("\xE4\xB8\xAD"), "\xE4\xB8\xAD");
}

TEST(Text, AnExcerptIsShortValidAndOnOneLine) {
  EXPECT_EQ(Excerpt("a\nb\x7f"), "a?b?");
  EXPECT_EQ(Excerpt("\xE4\xB8\xAD\xE4\xB8\xAD", 4), "\xE4\xB8\xAD...");
  EXPECT_EQ(Excerpt("\xFF\xFF\xFF", 2), "\xEF\xBF\xBD\xEF\xBF\xBD...");
  EXPECT_EQ(Excerpt(std::string(kExcerptBytesMax, 'a')), std::string(kExcerptBytesMax, 'a'));
}

TEST(Text, AJsonStringIsAlwaysValid) {
  std::string out;
  AppendJsonString(std::string_view("a\"\\\n\0\xFF\xE4\xB8\xAD", 9), out);
  EXPECT_EQ(out, "\"a\\\"\\\\\\u000a\\u0000\xEF\xBF\xBD\xE4\xB8\xAD\"");
}

TEST(Text, AByteOrderMarkIsPassedOverOnce) {
  EXPECT_EQ(WithoutBom("\xEF\xBB\xBF{}"), "{}");
  EXPECT_EQ(WithoutBom("\xEF\xBB\xBF\xEF\xBB\xBF"), "\xEF\xBB\xBF");
  EXPECT_EQ(WithoutBom("\xEF\xBB"), "\xEF\xBB");
  EXPECT_EQ(WithoutBom(""), "");
}

TEST(TextTest, Utf16IsKnownByItsFirstCharacter) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(LooksLikeUtf16("{\0}\0"sv));
  EXPECT_TRUE(LooksLikeUtf16("\0[\0]"sv));
  EXPECT_TRUE(LooksLikeUtf16("\xFF\xFE{\0}\0"sv));
  EXPECT_TRUE(LooksLikeUtf16("\xFE\xFF\0\"\0\""sv));
  for (const std::string_view other : {"{}"sv, ""sv, "{"sv, "\0\0\x80\x3F"sv, "\xFF\xFE"sv, "a\0"sv, "\0\0\0{"sv}) {
    EXPECT_FALSE(LooksLikeUtf16(other)) << other;
  }
}

}  // namespace
}  // namespace sluice
