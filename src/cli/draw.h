// Images with boxes drawn, for `sluice recognize --out`.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pipeline/face_detection/box.h"

namespace sluice::cli {

// The image upright, at full size, each box as a green frame; PNG bytes.
absl::StatusOr<std::string> DrawBoxes(std::string_view file, std::span<const PixelBox> boxes);

}  // namespace sluice::cli
