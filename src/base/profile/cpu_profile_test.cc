#include "base/profile/cpu_profile.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/process.h"
#include "base/testing/sanitized.h"
#include "base/thread.h"
#include "perftools/profiles/profile.pb.h"

namespace sluice {
namespace {

std::atomic<bool> enough{false};

[[gnu::noinline]] uint64_t BurnTimeForTheProfile() {
  uint64_t sum = 1;
  while (!enough.load(std::memory_order_relaxed)) sum = sum * 31 + 7;
  return sum;
}

TEST(CpuProfileTest, NamesTheFunctionThatBurnsTheTime) {
  if (kThreadSanitizer) GTEST_SKIP() << "ThreadSanitizer holds signals back until a thread calls something";
  Thread burner("burner", 0, [] { BurnTimeForTheProfile(); });
  const auto text = ProfileCpu(std::chrono::milliseconds(300));
  enough = true;
  burner.Join();
  ASSERT_TRUE(text.ok()) << text.status();
  perftools::profiles::Profile profile;
  ASSERT_TRUE(profile.ParseFromString(*text));
  EXPECT_EQ(profile.string_table(0), "");
  EXPECT_EQ(profile.string_table(static_cast<int>(profile.sample_type(0).type())), "samples");
  int64_t all = 0, burnt = 0;
  for (const auto& sample : profile.sample()) {
    all += sample.value(0);
    bool ours = false;
    for (const uint64_t id : sample.location_id()) {
      for (const auto& line : profile.location(static_cast<int>(id - 1)).line()) {
        const auto& function = profile.function(static_cast<int>(line.function_id() - 1));
        ours |=
            profile.string_table(static_cast<int>(function.name())).find("BurnTimeForTheProfile") != std::string::npos;
      }
    }
    if (ours) burnt += sample.value(0);
  }
  EXPECT_GT(burnt, 0);
  EXPECT_GT(burnt * 2, all);
}

TEST(CpuProfileTest, EndsWithWhatItHasWhenItIsToldTo) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(ProfileCpu(std::chrono::hours(1), stop.get_token()).ok());
}

}  // namespace
}  // namespace sluice
