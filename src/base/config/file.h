// Whole files, for configuration and manifests.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace sluice {

// Whether a pipe or device may stand for a file (`--config <(…)`, `--config /dev/null`): reading waits for the writer.
enum class Pipes { kRefuse, kRead };

// NOT_FOUND "cannot open 'x': No such file or directory"; at most `bytes_max`, larger is INVALID_ARGUMENT, and so is
// what could keep the reader waiting for ever: a pipe, a device.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max, Pipes pipes = Pipes::kRefuse);

}  // namespace sluice
