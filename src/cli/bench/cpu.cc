#include "cli/bench/cpu.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/process.h"
#include "base/strings.h"

namespace sluice::cli::bench {
namespace {

// Of a /proc/.../stat: the name, and user and system time.
bool ReadStat(const std::string& path, std::string& name, Duration& time) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  const size_t open = line.find('('), close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return false;
  name = line.substr(open + 1, close - open - 1);
  std::istringstream rest(line.substr(close + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) rest >> skipped;
  int64_t user = 0, system = 0;
  rest >> user >> system;
  time = std::chrono::nanoseconds((user + system) * (1'000'000'000 / sysconf(_SC_CLK_TCK)));
  return true;
}

}  // namespace

std::string ThreadGroup(std::string name) {
  while (!name.empty() && (name.back() == '-' || name.back() == ' ' || (name.back() >= '0' && name.back() <= '9'))) {
    name.pop_back();
  }
  return name;
}

CpuTimes ReadCpu(int server_pid) {
  CpuTimes out{.own = ProcessCpuTime()};
  if (server_pid == 0) return out;
  const std::string root = StrCat("/proc/", server_pid);
  std::string name;
  Duration time{};
  if (ReadStat(root + "/stat", name, time)) out.server["all"] = time;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator(root + "/task", error)) {
    if (ReadStat(thread.path().string() + "/stat", name, time)) out.server[ThreadGroup(name)] += time;
  }
  return out;
}

CpuTimes operator-(CpuTimes later, const CpuTimes& earlier) {
  later.own -= earlier.own;
  for (const auto& [name, time] : earlier.server) later.server[name] -= time;
  return later;
}

}  // namespace sluice::cli::bench
