// How the process keeps memory that was freed, and how much there is.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

// Large blocks (bodies, tensors) come from the heap and freed ones stay there, up to 128 MiB for each heap. glibc's own
// way gives each back to the system: 1 MB in and out then costs 400 page faults a call, more than all the rest. Before
// any thread starts; nothing where the C library is another.
void KeepFreedMemory();

// Gives the system back what is free now. Milliseconds: for the end of something large, such as loading models.
void ReturnFreedMemory();

// Bytes that this process may use: what the machine has, or less where a container allows less. Reads files, as the next
// one: not for a loop. `root` is put before their paths, so that tests can make a file system up.
uint64_t MemoryLimit(const std::string& root = "");

// Bytes that it can still take now: available to the machine, and below the limit of each control group around it.
uint64_t MemoryLeft(const std::string& root = "");

}  // namespace sluice
