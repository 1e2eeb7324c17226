#include "base/control_groups.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/config/file.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr size_t kFileBytesMax = 16 << 20;

// Where a hierarchy of groups is seen: `base` of it is at `mount`.
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
std::optional<Mount> FindMount(const std::string& mountinfo, std::string_view controller, bool v2) {
  for (const absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    const std::vector<absl::string_view> halves = absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    if (halves.size() != 2) continue;
    const std::vector<absl::string_view> left = absl::StrSplit(halves[0], ' '), right = absl::StrSplit(halves[1], ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    if (v2 ? right[0] != "cgroup2" : right[0] != "cgroup" || !Lists(ToStd(right[2]), controller)) continue;
    return Mount{std::string(left[4]), std::string(left[3])};
  }
  return std::nullopt;
}

// /proc/self/cgroup: "4:cpu,cpuacct:/path" of v1, "0::/path" of v2.
std::optional<std::string> FindPath(const std::string& groups, std::string_view controller, bool v2) {
  for (const absl::string_view line : absl::StrSplit(groups, '\n')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    if (v2 ? parts[0] == "0" && parts[1].empty() : Lists(ToStd(parts[1]), controller)) return std::string(parts[2]);
  }
  return std::nullopt;
}

}  // namespace

std::string GroupFile(const std::string& path) { return ReadFile(path, kFileBytesMax).value_or(""); }

void ForEachControlGroup(const std::string& root, std::string_view controller,
                         const std::function<void(const std::string& folder, bool v2)>& visit) {
  const std::string mountinfo = GroupFile(root + "/proc/self/mountinfo"),
                    groups = GroupFile(root + "/proc/self/cgroup");
  for (const bool v2 : {false, true}) {
    const auto mount = FindMount(mountinfo, controller, v2);
    const auto path = FindPath(groups, controller, v2);
    if (!mount || !path) continue;
    // Inside a container its own group is what is mounted, and the path may be the one that the host sees.
    std::string below = *path;
    if (mount->base != "/") below = below.starts_with(mount->base) ? below.substr(mount->base.size()) : "";
    for (;;) {
      visit(StrCat(root, mount->mount, below), v2);
      if (below.empty()) break;
      below.erase(std::min(below.rfind('/'), below.size()));
    }
  }
}

}  // namespace sluice
