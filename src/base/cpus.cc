#include "base/cpus.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/control_groups.h"

namespace sluice {
namespace {

constexpr double kNoQuota = std::numeric_limits<double>::infinity();
constexpr int kCpusMax = 1 << 16;

double Ratio(absl::string_view quota, absl::string_view period) {
  double us = 0, of = 0;
  if (!absl::SimpleAtod(quota, &us) || !absl::SimpleAtod(period, &of) || us <= 0 || of <= 0) return kNoQuota;
  return us / of;
}

double QuotaOf(const std::string& folder, bool v2) {
  if (!v2) return Ratio(GroupFile(folder + "/cpu.cfs_quota_us"), GroupFile(folder + "/cpu.cfs_period_us"));
  const std::string text = GroupFile(folder + "/cpu.max");  // "150000 100000", "max 100000"
  const std::vector<absl::string_view> words = absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  return words.size() == 2 ? Ratio(words[0], words[1]) : kNoQuota;
}

int AffinityCpus() {
  for (int cpus = CPU_SETSIZE; cpus <= kCpusMax; cpus *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(cpus), [](cpu_set_t* s) { CPU_FREE(s); });
    const size_t bytes = CPU_ALLOC_SIZE(cpus);
    if (sched_getaffinity(0, bytes, set.get()) == 0) return CPU_COUNT_S(bytes, set.get());
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

int QuotaCpus(const std::string& root) {
  double least = kNoQuota;
  ForEachControlGroup(root, "cpu",
                      [&least](const std::string& folder, bool v2) { least = std::min(least, QuotaOf(folder, v2)); });
  return least < kCpusMax ? static_cast<int>(std::ceil(least)) : 0;
}

int AvailableCpus(const std::string& root) {
  const int quota = QuotaCpus(root), affinity = std::max(1, AffinityCpus());
  return quota > 0 ? std::min(quota, affinity) : affinity;
}

}  // namespace sluice
