#include "base/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace sluice {
namespace {

TEST(OpenFiles, TheSoftLimitBecomesTheHardOne) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(64, before.rlim_max);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(RaiseOpenFiles(), before.rlim_max);
  rlimit now{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(now.rlim_cur, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST(OpenFiles, SomeAreLeftForTheServerItself) {
  EXPECT_EQ(ConnectionsFor(20000), 20000u - 128);
  EXPECT_EQ(ConnectionsFor(100), 50u);
  EXPECT_EQ(ConnectionsFor(1), 1u);
  EXPECT_EQ(ConnectionsFor(0), 1u);
  EXPECT_GT(ConnectionsFor(SIZE_MAX), size_t{1} << 60);
}

}  // namespace
}  // namespace sluice
