// What this process is and uses, as the operating system counts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace sluice {

// CPU time of all threads.
Duration ProcessCpuTime();

// Memory: what is resident, and the address space. 0 without /proc.
int64_t ResidentBytes();
int64_t AddressSpaceBytes();

// Files and sockets that are open, and may be; threads. 0 without /proc.
size_t OpenFiles();
size_t OpenFilesMax();
size_t ThreadCount();

// Model name and instruction sets of the processor, one line; the same for machines that compute alike.
const std::string& ProcessorName();

// A SIGINT or SIGTERM that is blocked, and waits to be taken.
bool TerminationPending();

}  // namespace sluice
