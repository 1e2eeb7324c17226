// Whole files, for configuration and manifests.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace sluice {

// NOT_FOUND "cannot open 'x': No such file or directory"; at most `bytes_max`, larger is INVALID_ARGUMENT.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max);

}  // namespace sluice
