// CPU time of the generator and, on the same machine, of the server.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"

namespace sluice::cli::bench {

struct CpuTimes {
  Duration own{};
  std::map<std::string, Duration> server;  // by the name of its threads, without their number; "all": the process
};

// `server_pid` 0: not asked for. A process that cannot be read has no times.
CpuTimes ReadCpu(int server_pid);
CpuTimes operator-(CpuTimes later, const CpuTimes& earlier);

// "loop-1" and "loop-0" are both "loop".
std::string ThreadGroup(std::string name);

}  // namespace sluice::cli::bench
