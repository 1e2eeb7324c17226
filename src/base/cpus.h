// How many CPUs this process may use: the least of what the machine has, its affinity (taskset, cpuset) and the quota
// of its cgroups (docker --cpus, Kubernetes limits; v1 and v2, with those above it).
#pragma once

#include <string>

namespace sluice {

// At least 1; a quota of 1.5 CPUs counts as 2. Reads files: for the start, not for a loop. `root` is put before /proc,
// so that tests can make a file system up.
int AvailableCpus(const std::string& root = "");

// The quota alone, rounded up; 0 = none.
int QuotaCpus(const std::string& root);

}  // namespace sluice
