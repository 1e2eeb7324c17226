#include "base/memory.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace sluice {

void KeepFreedMemory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // glibc's upper bound
  mallopt(M_TRIM_THRESHOLD, 128 << 20);
#endif
}

void ReturnFreedMemory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

namespace {

const std::string kGroups = "/sys/fs/cgroup";

// The names that the two versions of control groups have for the same.
struct Names {
  const char *limit, *used, *idle_cache, *busy_cache;
};
constexpr Names kV1{"/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file", "total_active_file"};
constexpr Names kV2{"/memory.max", "/memory.current", "inactive_file", "active_file"};

// A number in a file; "max" and a missing file are none.
std::optional<uint64_t> NumberIn(const std::string& file) {
  uint64_t bytes = 0;
  if (std::ifstream(file) >> bytes) return bytes;
  return std::nullopt;
}

// What follows `name` in a file of names and numbers.
std::optional<uint64_t> NumberAfter(const std::string& file, std::string_view name) {
  std::ifstream in(file);
  for (std::string word; in >> word;) {
    uint64_t number = 0;
    if (word == name && in >> number) return number;
  }
  return std::nullopt;
}

// Calls visit(folder, names) for the group of this process and those around it. Its own list says where it is: "0::/…"
// is version 2, "4:memory:/…" version 1. A container may see its own group as the root, whatever the list says.
void ForEachGroup(const std::function<void(const std::string&, const Names&)>& visit) {
  std::ifstream list("/proc/self/cgroup");
  for (std::string line; std::getline(list, line);) {
    const bool v2 = line.starts_with("0::/");
    const size_t path = line.find(":/");
    if (path == std::string::npos || (!v2 && line.find(":memory:") == std::string::npos)) continue;
    const std::string mount = v2 ? kGroups : kGroups + "/memory";
    for (std::string group = line.substr(path + 1);; group.erase(group.rfind('/'))) {
      visit(mount + group, v2 ? kV2 : kV1);
      if (group.find('/') == std::string::npos) break;
    }
  }
}

}  // namespace

uint64_t MemoryLimit() {
  uint64_t limit = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  ForEachGroup([&limit](const std::string& folder, const Names& names) {
    limit = std::min(limit, NumberIn(folder + names.limit).value_or(limit));
  });
  return limit;
}

uint64_t MemoryLeft() {
  const auto available = NumberAfter("/proc/meminfo", "MemAvailable:");
  uint64_t left = available ? *available * 1024 : MemoryLimit();
  ForEachGroup([&left](const std::string& folder, const Names& names) {
    const auto limit = NumberIn(folder + names.limit), used = NumberIn(folder + names.used);
    if (!limit || !used) return;
    // Pages of files go when they must.
    const std::string stat = folder + "/memory.stat";
    const uint64_t cache =
        NumberAfter(stat, names.idle_cache).value_or(0) + NumberAfter(stat, names.busy_cache).value_or(0);
    const uint64_t held = *used - std::min(*used, cache);
    left = std::min(left, *limit - std::min(*limit, held));
  });
  return left;
}

}  // namespace sluice
