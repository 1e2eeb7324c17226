#include "cli/batch/source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "base/strings.h"
#include "base/testing/temp_folder.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

class SourceTest : public testing::Test {
 protected:
  void Write(const std::string& name, std::string_view content) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  static std::vector<Item> All(Source& source) {
    std::vector<Item> items;
    for (Item item; source.Next(item);) items.push_back(item);
    return items;
  }

  const TempFolder folder_;
};

TEST_F(SourceTest, TextsWithTheirLinesAndIds) {
  Write("in", "{\"text\": \"一\", \"id\": \"a\", \"label\": 3}\n\n  \"二\"\r\n{\"text\":\"\"}");
  auto source = OpenTexts((folder_ / "in").string());
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->total(), 3u);
  const auto items = All(**source);
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].payload, "一");
  EXPECT_EQ(items[0].name, "a");
  EXPECT_EQ(items[1].line, 3u);
  EXPECT_EQ(items[1].payload, "二");
  EXPECT_EQ(items[2].line, 4u);
  EXPECT_EQ(items[2].error, "");
}

TEST_F(SourceTest, AByteOrderMarkIsNoPartOfTheFirstLine) {
  for (const char* first : {"\xEF\xBB\xBF{\"text\":\"a\"}\n", "\xEF\xBB\xBF\"a\"\n", "\xEF\xBB\xBF\n\"a\"\n"}) {
    Write("in", first);
    auto source = OpenTexts((folder_ / "in").string());
    ASSERT_TRUE(source.ok());
    EXPECT_EQ((*source)->total(), 1u);
    const auto items = All(**source);
    ASSERT_EQ(items.size(), 1u);
    EXPECT_EQ(items[0].payload, "a") << items[0].error;
  }
}

TEST_F(SourceTest, UnreadableLinesAreItemsWithAnError) {
  Write("in", StrCat("plain text\n{\"text\": 7}\n{\"id\": \"x\"}\n[1]\n\"\xff\"\n\"", std::string(2 << 20, 'x'),
                     "\"\n\"good\"\n"));
  auto source = OpenTexts((folder_ / "in").string());
  ASSERT_TRUE(source.ok());
  const auto items = All(**source);
  ASSERT_EQ(items.size(), 7u);
  for (size_t i = 0; i < 6; ++i) EXPECT_NE(items[i].error, "") << i;
  EXPECT_EQ(items[6].error, "");
  EXPECT_EQ(items[6].line, 7u);
}

TEST_F(SourceTest, PicturesInOrderOfTheirPaths) {
  for (const char* name : {"b.JPG", "a.png", "sub/c.webp", "notes.txt", "sub/d.jpeg"}) Write(name, "x");
  auto source = OpenPictures(folder_.string());
  ASSERT_TRUE(source.ok());
  const auto items = All(**source);
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[0].name, "a.png");
  EXPECT_EQ(items[1].name, "b.JPG");
  EXPECT_EQ(items[2].name, "sub/c.webp");
  EXPECT_EQ(items[3].line, 4u);
  EXPECT_EQ(items[3].payload, (folder_ / "sub/d.jpeg").string());
}

TEST_F(SourceTest, WhatIsNotThereIsSaid) {
  EXPECT_FALSE(OpenTexts((folder_ / "none").string()).ok());
  EXPECT_FALSE(OpenPictures((folder_ / "none").string()).ok());
}

TEST_F(SourceTest, AnotherInputHasAnotherIdentity) {
  Write("in", "\"a\"\n");
  const std::string before = (*OpenTexts((folder_ / "in").string()))->identity();
  EXPECT_EQ((*OpenTexts((folder_ / "in").string()))->identity(), before);
  Write("in", "\"a\"\n\"b\"\n");
  EXPECT_NE((*OpenTexts((folder_ / "in").string()))->identity(), before);
}

}  // namespace
}  // namespace sluice::cli
