// A moment as logs write it.
#pragma once

#include <cstddef>
#include <string>

#include "base/clock.h"

namespace sluice {

constexpr size_t kRfc3339Bytes = 27;

// "2026-11-23T10:20:30.123456Z", kRfc3339Bytes of it; returns what follows them. The year has four digits.
char* PutRfc3339(WallTime time, char* to);
std::string FormatRfc3339(WallTime time);

}  // namespace sluice
