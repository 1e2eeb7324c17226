#include "base/memory.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

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

// A number in a file, if it is the smaller one; "max" and a missing file are none.
void Lower(const std::string& file, uint64_t& limit) {
  uint64_t bytes = 0;
  if (std::ifstream(file) >> bytes) limit = std::min(limit, bytes);
}

// Where this process is below /sys/fs/cgroup: the line "0::/…" of its own list.
std::string ControlGroup() {
  std::ifstream list("/proc/self/cgroup");
  for (std::string line; std::getline(list, line);) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return "/";
}

}  // namespace

uint64_t MemoryLimit() {
  uint64_t limit = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const std::string root = "/sys/fs/cgroup";
  Lower(root + "/memory/memory.limit_in_bytes", limit);  // version 1
  for (std::string group = ControlGroup();; group.erase(group.rfind('/'))) {
    Lower(root + group + "/memory.max", limit);
    if (group.find('/') == std::string::npos) break;
  }
  return limit;
}

}  // namespace sluice
