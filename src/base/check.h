// Broken invariants end the process with a line that says where; bad input never does.
#pragma once

#include <string_view>

namespace sluice {

[[noreturn]] void CheckFailed(std::string_view condition, std::string_view file, int line, std::string_view detail);

}  // namespace sluice

#define SLUICE_CHECK(condition, detail) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::sluice::CheckFailed(#condition, __FILE__, __LINE__, detail))
