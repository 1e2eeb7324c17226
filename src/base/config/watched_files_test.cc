#include "base/config/watched_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

class WatchedFilesTest : public testing::Test {
 protected:
  WatchedFilesTest() {
    std::filesystem::create_directories(folder_);
    Write("one");
  }
  ~WatchedFilesTest() override { std::filesystem::remove_all(folder_); }

  // As editors and deployments do: a new file takes the name.
  void Write(std::string_view text) {
    std::ofstream(path_ + ".new") << text;
    std::filesystem::rename(path_ + ".new", path_);
  }
  absl::Status Add() {
    return files_.Add("rules", path_, [this](std::string_view text) {
      ++applied_;
      if (text == "bad") return absl::InvalidArgumentError("line 1 is bad");
      text_ = text;
      return absl::OkStatus();
    });
  }

  const std::string folder_ = testing::TempDir() + "watched_files_test";
  const std::string path_ = folder_ + "/rules.json";
  std::string text_;
  int applied_ = 0;
  WatchedFiles files_;
};

TEST_F(WatchedFilesTest, AppliesWhatChanged) {
  ASSERT_TRUE(Add().ok());
  EXPECT_EQ(text_, "one");
  files_.Poll();
  EXPECT_EQ(applied_, 1);
  Write("two");
  files_.Poll();
  EXPECT_EQ(text_, "two");
  EXPECT_EQ(files_.states().at(0).reloads, 1u);
}

TEST_F(WatchedFilesTest, AChangeOfAFileThatBelongsToItCounts) {
  const std::string key = folder_ + "/key";
  int applied = 0;
  Write("one");
  const auto apply = [&](std::string_view) { return ++applied, absl::OkStatus(); };
  ASSERT_TRUE(files_.Add("pair", path_, apply, {key}).ok());
  files_.Poll();
  EXPECT_EQ(applied, 1);
  std::ofstream(key) << "a key";
  files_.Poll();
  EXPECT_EQ(applied, 2);
  std::filesystem::remove(key);
  files_.Poll();
  EXPECT_EQ(applied, 3);
  files_.Poll();
  EXPECT_EQ(applied, 3);
}

TEST_F(WatchedFilesTest, AFileThatIsTooLargeIsNotParsed) {
  ASSERT_TRUE(Add().ok());
  Write(std::string((1 << 20) + 1, '['));
  files_.Poll();
  EXPECT_EQ(applied_, 1);
  EXPECT_NE(files_.states().at(0).error.find("larger than 1048576 bytes"), std::string::npos);
}

TEST_F(WatchedFilesTest, ABrokenFileKeepsTheOldContent) {
  ASSERT_TRUE(Add().ok());
  Write("bad");
  files_.Poll();
  files_.Poll();
  EXPECT_EQ(applied_, 2) << "told once";
  EXPECT_EQ(text_, "one");
  EXPECT_EQ(files_.states().at(0).failures, 1u);
  EXPECT_EQ(files_.states().at(0).error, "line 1 is bad");
  Write("good");
  files_.Poll();
  EXPECT_EQ(text_, "good");
  EXPECT_EQ(files_.states().at(0).error, "");
}

TEST_F(WatchedFilesTest, AFileThatIsGoneKeepsTheOldContent) {
  ASSERT_TRUE(Add().ok());
  std::filesystem::remove(path_);
  files_.Poll();
  EXPECT_EQ(text_, "one");
  EXPECT_NE(files_.states().at(0).error, "");
  Write("back");
  files_.Poll();
  EXPECT_EQ(text_, "back");
}

TEST_F(WatchedFilesTest, AnErrorAtStartIsTheOperators) {
  Write("bad");
  EXPECT_EQ(Add().message(), "line 1 is bad");
  EXPECT_TRUE(files_.states().empty());
}

TEST_F(WatchedFilesTest, AReloadReadsAllOfThem) {
  ASSERT_TRUE(Add().ok());
  files_.Poll(/*all=*/true);
  EXPECT_EQ(applied_, 2);
}

TEST_F(WatchedFilesTest, TheThreadStops) {
  ASSERT_TRUE(Add().ok());
  files_.Start(std::chrono::hours(1));
  files_.ReloadNow();
  files_.Stop();
  EXPECT_GE(applied_, 1);
}

}  // namespace
}  // namespace sluice
