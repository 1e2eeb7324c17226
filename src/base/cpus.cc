#include "base/cpus.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr double kNoQuota = std::numeric_limits<double>::infinity();
constexpr int kCpusMax = 1 << 16;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Where a hierarchy of cgroups is seen: `base` of it is at `mount`.
struct Mount {
  std::string mount, base;
};

bool Lists(std::string_view commas, std::string_view name) {
  for (const absl::string_view one : absl::StrSplit(ToAbsl(commas), ',')) {
    if (one == ToAbsl(name)) return true;
  }
  return false;
}

// /proc/self/mountinfo: "36 35 0:29 /base /mount rw,relatime shared:1 - cgroup cgroup rw,cpu,cpuacct"
std::optional<Mount> FindMount(const std::string& mountinfo, bool v2) {
  for (const absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    const std::vector<absl::string_view> halves = absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    if (halves.size() != 2) continue;
    const std::vector<absl::string_view> left = absl::StrSplit(halves[0], ' '), right = absl::StrSplit(halves[1], ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    if (v2 ? right[0] != "cgroup2" : right[0] != "cgroup" || !Lists(ToStd(right[2]), "cpu")) continue;
    return Mount{std::string(left[4]), std::string(left[3])};
  }
  return std::nullopt;
}

// /proc/self/cgroup: "4:cpu,cpuacct:/path" of v1, "0::/path" of v2.
std::optional<std::string> FindPath(const std::string& cgroups, bool v2) {
  for (const absl::string_view line : absl::StrSplit(cgroups, '\n')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    if (v2 ? parts[0] == "0" && parts[1].empty() : Lists(ToStd(parts[1]), "cpu")) return std::string(parts[2]);
  }
  return std::nullopt;
}

double Ratio(absl::string_view quota, absl::string_view period) {
  double us = 0, of = 0;
  if (!absl::SimpleAtod(quota, &us) || !absl::SimpleAtod(period, &of) || us <= 0 || of <= 0) return kNoQuota;
  return us / of;
}

double QuotaOf(const std::string& folder, bool v2) {
  if (!v2) {
    const std::string quota = ReadFile(folder + "/cpu.cfs_quota_us"), period = ReadFile(folder + "/cpu.cfs_period_us");
    return Ratio(quota, period);
  }
  const std::string text = ReadFile(folder + "/cpu.max");  // "150000 100000", "max 100000"
  const std::vector<absl::string_view> words = absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  return words.size() == 2 ? Ratio(words[0], words[1]) : kNoQuota;
}

// The least quota from the process's own group up to what is mounted.
double LeastQuota(const std::string& root, bool v2) {
  const auto mount = FindMount(ReadFile(root + "/proc/self/mountinfo"), v2);
  const auto path = FindPath(ReadFile(root + "/proc/self/cgroup"), v2);
  if (!mount || !path) return kNoQuota;
  // Inside a container its own group is what is mounted, and the path may be the one that the host sees.
  std::string below = *path;
  if (mount->base != "/") below = below.starts_with(mount->base) ? below.substr(mount->base.size()) : "";
  double least = kNoQuota;
  for (;;) {
    least = std::min(least, QuotaOf(StrCat(root, mount->mount, below), v2));
    if (below.empty()) return least;
    below.erase(std::min(below.rfind('/'), below.size()));
  }
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
  const double least = std::min(LeastQuota(root, false), LeastQuota(root, true));
  return least < kCpusMax ? static_cast<int>(std::ceil(least)) : 0;
}

int AvailableCpus(const std::string& root) {
  const int quota = QuotaCpus(root), affinity = std::max(1, AffinityCpus());
  return quota > 0 ? std::min(quota, affinity) : affinity;
}

}  // namespace sluice
