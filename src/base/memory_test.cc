#include "base/memory.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/made_up_root.h"

namespace sluice {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class MemoryTest : public testing::Test {
 protected:
  MemoryTest() { made_up_.Write("/proc/meminfo", "MemTotal: 4194304 kB\nMemAvailable: 2097152 kB\n"); }

  void MountV1(const std::string& base, const std::string& path) {
    made_up_.Write("/proc/self/mountinfo",
                   StrCat("31 24 0:27 ", base, " /groups/memory ro master:9 - cgroup cgroup rw,memory\n"));
    made_up_.Write("/proc/self/cgroup", StrCat("5:memory:", path, "\n4:cpu,cpuacct:/elsewhere\n0::/\n"));
  }
  void MountV2(const std::string& path) {
    made_up_.Write("/proc/self/mountinfo", "31 24 0:27 / /groups rw,nosuid - cgroup2 cgroup2 rw\n");
    made_up_.Write("/proc/self/cgroup", StrCat("0::", path, "\n"));
  }
  void Write(const std::string& path, uint64_t bytes) { made_up_.Write(path, StrCat(bytes, "\n")); }
  uint64_t LimitMiB() const { return MemoryLimit(made_up_.root()) / kMiB; }
  uint64_t LeftMiB() const { return MemoryLeft(made_up_.root()) / kMiB; }

  const MadeUpRoot made_up_;
};

TEST_F(MemoryTest, WithoutGroupsTheMachineCounts) {
  EXPECT_EQ(MemoryLimit(made_up_.root()), MemoryLimit("/nowhere"));
  EXPECT_EQ(LeftMiB(), 2048u);
}

TEST_F(MemoryTest, V2TheLeastOfTheGroupsAboveCounts) {
  MountV2("/pod/box");
  made_up_.Write("/groups/pod/box/memory.max", "max\n");
  Write("/groups/pod/box/memory.current", 500 * kMiB);
  Write("/groups/pod/memory.max", 900 * kMiB);
  Write("/groups/pod/memory.current", 600 * kMiB);
  EXPECT_EQ(LimitMiB(), 900u);
  EXPECT_EQ(LeftMiB(), 300u);
  made_up_.Write("/groups/pod/memory.stat",
                 StrCat("anon 1\ninactive_file ", 100 * kMiB, "\nactive_file ", 50 * kMiB, "\nfile 7\n"));
  EXPECT_EQ(LeftMiB(), 450u) << "pages of files go when they must";
  Write("/groups/pod/memory.current", 5000 * kMiB);
  EXPECT_EQ(LeftMiB(), 0u);
}

TEST_F(MemoryTest, V1AContainerSeesItsGroupAsTheMount) {
  for (const char* path : {"/docker/abc", "/"}) {  // of the host, and of a namespace of its own
    MountV1("/docker/abc", path);
    Write("/groups/memory/memory.limit_in_bytes", 512 * kMiB);
    Write("/groups/memory/memory.usage_in_bytes", 400 * kMiB);
    made_up_.Write("/groups/memory/memory.stat", StrCat("inactive_file 1\ntotal_inactive_file ", 40 * kMiB, "\n"));
    EXPECT_EQ(LimitMiB(), 512u) << path;
    EXPECT_EQ(LeftMiB(), 152u) << path;
  }
}

}  // namespace
}  // namespace sluice
