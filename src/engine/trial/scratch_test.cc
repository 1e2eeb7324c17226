#include "engine/trial/scratch.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/testing/temp_folder.h"
#include "gtest/gtest.h"

namespace sluice::trial {
namespace {

namespace fs = std::filesystem;

class ScratchTest : public testing::Test {
 protected:
  ScratchTest() { setenv("TMPDIR", in_.c_str(), 1); }
  ~ScratchTest() override { unsetenv("TMPDIR"); }
  const TempFolder in_;
};

TEST_F(ScratchTest, ItGoesWithAllThatIsInIt) {
  {
    const ScratchFolder one, two;
    std::ofstream(one.path() + "/file") << "x";
    EXPECT_TRUE(fs::exists(one.path()) && fs::exists(two.path())) << "one does not take the other for stale";
  }
  EXPECT_TRUE(fs::is_empty(in_));
}

TEST_F(ScratchTest, WhatAKilledProcessLeftGoesWithTheNext) {
  fs::create_directories(in_ / "sluice-trial-killed/folder");
  fs::create_directories(in_ / "another");
  fs::create_directory_symlink(in_ / "another", in_ / "sluice-trial-link");
  { const ScratchFolder next; }
  EXPECT_FALSE(fs::exists(in_ / "sluice-trial-killed"));
  EXPECT_TRUE(fs::exists(in_ / "another"));
}

TEST_F(ScratchTest, WithoutATemporaryFolderThereIsNone) {
  setenv("TMPDIR", "/nowhere", 1);
  EXPECT_EQ(ScratchFolder().path(), "");
}

}  // namespace
}  // namespace sluice::trial
