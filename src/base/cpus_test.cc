#include "base/cpus.h"

#include <gtest/gtest.h>
#include <sched.h>

#include "base/testing/made_up_root.h"
#include "base/thread.h"

namespace sluice {
namespace {

// A file system with the files that tell of cgroups.
class CpusTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) { made_up_.Write(path, text); }
  void WriteV1(const std::string& base, const std::string& path) {
    Write("/proc/self/mountinfo",
          "30 24 0:26 / /proc rw - proc proc rw\n31 24 0:27 " + base +
              " /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:9 - cgroup cgroup rw,cpu,cpuacct\n");
    Write("/proc/self/cgroup", "5:memory:/elsewhere\n4:cpu,cpuacct:" + path + "\n0::/\n");
  }
  void WriteV2(const std::string& base, const std::string& path) {
    Write("/proc/self/mountinfo", "31 24 0:27 " + base + " /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n");
    Write("/proc/self/cgroup", "0::" + path + "\n");
  }

  const MadeUpRoot made_up_;
  const std::string root_ = made_up_.root();
};

TEST_F(CpusTest, NoFilesNoQuota) {
  EXPECT_EQ(QuotaCpus(root_), 0);
  EXPECT_GE(AvailableCpus(root_), 1);
}

TEST_F(CpusTest, V1RoundsUp) {
  WriteV1("/", "/job");
  Write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  for (const auto& [quota, cpus] :
       {std::pair("-1\n", 0), {"50000\n", 1}, {"100000\n", 1}, {"150000\n", 2}, {"400000\n", 4}}) {
    Write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", quota);
    EXPECT_EQ(QuotaCpus(root_), cpus) << quota;
  }
}

TEST_F(CpusTest, AContainerSeesItsGroupAsTheMount) {
  WriteV1("/docker/abc", "/docker/abc");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
  EXPECT_EQ(QuotaCpus(root_), 2);
  WriteV1("/docker/abc", "/");  // with a namespace of its own
  EXPECT_EQ(QuotaCpus(root_), 2);
}

TEST_F(CpusTest, V2TheLeastOfTheGroupsAboveCounts) {
  WriteV2("/", "/pods/pod1/box");
  Write("/sys/fs/cgroup/pods/pod1/box/cpu.max", "max 100000\n");
  EXPECT_EQ(QuotaCpus(root_), 0);
  Write("/sys/fs/cgroup/pods/pod1/cpu.max", "300000 100000\n");
  EXPECT_EQ(QuotaCpus(root_), 3);
  Write("/sys/fs/cgroup/pods/pod1/box/cpu.max", "500000 100000\n");
  EXPECT_EQ(QuotaCpus(root_), 3);
  Write("/sys/fs/cgroup/pods/cpu.max", "110000 100000\n");
  EXPECT_EQ(QuotaCpus(root_), 2);
}

TEST_F(CpusTest, WhatCannotBeReadIsNoQuota) {
  WriteV2("/", "/box");
  for (const char* text : {"", "x y\n", "100000\n", "0 100000\n", "100000 0\n", "-5 100000\n", "1e300 1\n"}) {
    Write("/sys/fs/cgroup/box/cpu.max", text);
    EXPECT_EQ(QuotaCpus(root_), 0) << text;
  }
}

TEST_F(CpusTest, AffinityBounds) {
  int seen = 0;
  Thread("pinned", 0, [&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    seen = AvailableCpus(root_);
  }).Join();
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace sluice
