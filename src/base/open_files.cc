#include "base/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace sluice {
namespace {

constexpr size_t kOwnFiles = 128;

}  // namespace

size_t RaiseOpenFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  return limit.rlim_cur;
}

size_t ConnectionsFor(size_t open_files) {
  // Few files are shared out: half to connections.
  return std::max<size_t>(1, open_files - std::min(kOwnFiles, open_files / 2));
}

}  // namespace sluice
