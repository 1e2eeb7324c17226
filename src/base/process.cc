#include "base/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace sluice {
namespace {

// Of /proc/self/statm: 0 the address space, 1 what is resident.
int64_t PagesOf(int field) {
  std::ifstream in("/proc/self/statm");
  int64_t pages = 0;
  for (int i = 0; i <= field; ++i) in >> pages;
  return in ? pages * sysconf(_SC_PAGESIZE) : 0;
}

size_t EntriesOf(const char* folder) {
  std::error_code error;
  size_t count = 0;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) ++count;
  return count;
}

std::string ReadProcessorName() {
  std::ifstream in("/proc/cpuinfo");
  std::string name;
  for (std::string line; std::getline(in, line) && !line.empty();) {  // the first processor's
    if (line.starts_with("model name") || line.starts_with("flags") || line.starts_with("Features")) name += line + ";";
  }
  return name;
}

}  // namespace

// Not CLOCK_PROCESS_CPUTIME_ID: under a limit of CPU time (RLIMIT_CPU) the kernel counts that one in ticks.
Duration ProcessCpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

int64_t ResidentBytes() { return PagesOf(1); }
int64_t AddressSpaceBytes() { return PagesOf(0); }

size_t OpenFiles() {
  const size_t count = EntriesOf("/proc/self/fd");
  return count == 0 ? 0 : count - 1;  // the one that counts
}

size_t OpenFilesMax() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

size_t ThreadCount() { return EntriesOf("/proc/self/task"); }

const std::string& ProcessorName() {
  static const std::string* const name = new std::string(ReadProcessorName());
  return *name;
}

bool TerminationPending() {
  sigset_t pending;
  return sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

}  // namespace sluice
