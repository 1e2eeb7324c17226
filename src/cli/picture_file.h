// Image files as the sub-commands send them.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice::cli {

// The whole file; NOT_FOUND names it.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// By the first bytes: image/png, image/webp, or else image/jpeg.
std::string_view MediaType(std::string_view file);

}  // namespace sluice::cli
