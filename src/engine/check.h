// Checks of a caller's tensor against a model's signature, the same for every engine.
#pragma once

#include "absl/status/status.h"
#include "engine/engine.h"

namespace sluice {

// INVALID_REQUEST, naming the input, when type, shape or byte count do not go with `spec`.
absl::Status CheckInput(const TensorSpec& spec, const TensorView& tensor);
// The shape alone.
absl::Status CheckShape(const TensorSpec& spec, const Shape& shape);

}  // namespace sluice
