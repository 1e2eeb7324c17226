// Tile steps whose repeats are computed: when they repeat more than two dimensions of a tensor that has four or more,
// OpenVINO 2026.4 leaves the output unwritten, with whatever was in that memory before.
#pragma once

#include "absl/status/status.h"
#include "openvino/core/model.hpp"

namespace sluice {

// Each such step becomes several, of two dimensions each, which compute the same. UNIMPLEMENTED for one whose number
// of repeats is open.
absl::Status SplitTiles(ov::Model& model);

}  // namespace sluice
