#include "cli/batch/results.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/config/file.h"
#include "base/strings.h"
#include "base/testing/temp_folder.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

class ResultsTest : public testing::Test {
 protected:
  // Opens with lines "1", "2", … expected; counts those found in done_.
  absl::StatusOr<std::unique_ptr<Results>> Open(const std::string& identity = "in\n") {
    done_ = 0;
    return Results::Open(path_, identity, "fresh", [this](std::string_view line) {
      if (line != StrCat(done_ + 1)) return false;
      ++done_;
      return true;
    });
  }
  std::string Content() const { return ReadFile(path_, 1 << 20).value_or(""); }
  void Spoil(std::string_view content) { std::ofstream(path_) << content; }

  const TempFolder folder_;
  const std::string path_ = (folder_ / "out.jsonl").string();
  int done_ = 0;
};

TEST_F(ResultsTest, AppendsAndForgetsTheRunWhenComplete) {
  {
    auto results = Open();
    ASSERT_TRUE(results.ok()) << results.status();
    ASSERT_TRUE((*results)->Append("1\n2\n").ok());
    ASSERT_TRUE((*results)->Append("3\n").ok());
    EXPECT_TRUE(fs::exists(path_ + ".resume"));
    ASSERT_TRUE((*results)->Complete().ok());
  }
  EXPECT_EQ(Content(), "1\n2\n3\n");
  EXPECT_FALSE(fs::exists(path_ + ".resume"));
  EXPECT_FALSE(Open().ok()) << "a finished file is not written over";
  EXPECT_EQ(Content(), "1\n2\n3\n");
}

TEST_F(ResultsTest, GoesOnAfterTheLastWholeLine) {
  ASSERT_TRUE((*Open())->Append("1\n2\n").ok());
  std::ofstream(path_, std::ios::app) << "3";  // torn
  auto results = Open();
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(done_, 2);
  EXPECT_EQ((*results)->run_id(), "fresh");
  ASSERT_TRUE((*results)->Append("3\n").ok());
  EXPECT_EQ(Content(), "1\n2\n3\n");
}

TEST_F(ResultsTest, CutsAtTheFirstLineThatIsNotTheNextItems) {
  ASSERT_TRUE((*Open())->Append("1\n2\n").ok());
  for (const char* spoiled : {"1\n2\n9\n4\n", "1\n2\n\0\0\0\n", "1\n2\n2\n"}) {
    Spoil(spoiled);
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(done_, 2);
    EXPECT_EQ(Content(), "1\n2\n");
  }
}

TEST_F(ResultsTest, KeepsTheRunIdAndRefusesAnotherInput) {
  ASSERT_TRUE((*Open())->Append("1\n").ok());
  auto again = Results::Open(path_, "in\n", "other", [](std::string_view) { return true; });
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->run_id(), "fresh");
  again->reset();
  EXPECT_FALSE(Open("another input\n").ok());
  EXPECT_EQ(Content(), "1\n");
}

TEST_F(ResultsTest, ARunThatWroteNothingDoesNotHoldUpAnother) {
  ASSERT_TRUE(Open("wrong\n").ok());
  ASSERT_TRUE((*Open("right\n"))->Append("1\n").ok());
  EXPECT_FALSE(Open("wrong\n").ok());
  EXPECT_EQ(Content(), "1\n");
}

TEST_F(ResultsTest, OneRunAtATime) {
  auto first = Open();
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(Open().ok());
}

TEST_F(ResultsTest, AForeignFileIsLeftAlone) {
  Spoil("precious\n");
  EXPECT_FALSE(Open().ok());
  EXPECT_EQ(Content(), "precious\n");
}

}  // namespace
}  // namespace sluice::cli
