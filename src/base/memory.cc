#include "base/memory.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "base/control_groups.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

// jemalloc's; null in programs that are not linked with it.
extern "C" int mallctl(const char* name, void* old, size_t* old_bytes, void* set, size_t set_bytes)
    __attribute__((weak));

namespace sluice {

void ReturnFreedMemory() {
  // 4096 names all of its arenas (MALLCTL_ARENAS_ALL).
  if (mallctl != nullptr && mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0) == 0) return;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

namespace {

// The names that the two versions of control groups have for the same. Of the pages of files, those in use go, too, when
// they must.
struct Names {
  const char *limit, *used;
  std::array<const char*, 2> caches;
};
constexpr Names kV1{"/memory.limit_in_bytes", "/memory.usage_in_bytes", {"total_inactive_file", "total_active_file"}};
constexpr Names kV2{"/memory.max", "/memory.current", {"inactive_file", "active_file"}};

// What a file says, if it is a number; "max" is none.
std::optional<uint64_t> NumberIn(const std::string& path) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(GroupFile(path), &number)) return std::nullopt;
  return number;
}

// What follows these names in a file of names and numbers, added up; no number when none of them is there.
std::optional<uint64_t> SumAfter(const std::string& path, std::span<const char* const> names) {
  std::optional<uint64_t> sum;
  std::istringstream in(GroupFile(path));
  for (std::string word; in >> word;) {
    uint64_t number = 0;
    if (std::count(names.begin(), names.end(), std::string_view(word)) > 0 && in >> number)
      sum = sum.value_or(0) + number;
  }
  return sum;
}

void ForEachMemoryGroup(const std::string& root, const std::function<void(const std::string&, const Names&)>& visit) {
  ForEachControlGroup(root, "memory", [&visit](const std::string& folder, bool v2) { visit(folder, v2 ? kV2 : kV1); });
}

}  // namespace

uint64_t MemoryLimit(const std::string& root) {
  uint64_t limit = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  ForEachMemoryGroup(root, [&limit](const std::string& folder, const Names& names) {
    limit = std::min(limit, NumberIn(folder + names.limit).value_or(limit));
  });
  return limit;
}

uint64_t MemoryLeft(const std::string& root) {
  static constexpr const char* kAvailable[] = {"MemAvailable:"};
  const auto available = SumAfter(root + "/proc/meminfo", kAvailable);
  uint64_t left = available ? *available * 1024 : MemoryLimit(root);
  ForEachMemoryGroup(root, [&left](const std::string& folder, const Names& names) {
    const auto limit = NumberIn(folder + names.limit), used = NumberIn(folder + names.used);
    if (!limit || !used) return;
    const uint64_t cache = SumAfter(folder + "/memory.stat", names.caches).value_or(0);
    const uint64_t held = *used - std::min(*used, cache);
    left = std::min(left, *limit - std::min(*limit, held));
  });
  return left;
}

}  // namespace sluice
