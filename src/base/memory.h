// Memory of the process: what is free goes back, and how much there is.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

// Gives the system back what is free now. Milliseconds: for the end of something large, such as loading models. The
// allocator is jemalloc in the server (main.cc) and the C library's in other programs; nothing where it is a third.
void ReturnFreedMemory();

// Bytes that this process may use: what the machine has, or less where a container allows less. Reads files, as the next
// one: not for a loop. `root` is put before their paths, so that tests can make a file system up.
uint64_t MemoryLimit(const std::string& root = "");

// Bytes that it can still take now: available to the machine, and below the limit of each control group around it.
uint64_t MemoryLeft(const std::string& root = "");

}  // namespace sluice
