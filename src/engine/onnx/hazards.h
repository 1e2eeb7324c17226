// Nets that could end the process, or hold a thread for ever, in ONNX Runtime: found by reading them.
//
// The library checks requests' values nearly everywhere; these are the places where it does not (1.32, measured: every
// operator, with the extreme values and sizes of its inputs). Each rule knows when a net is safe all the same: a
// divisor that is a constant, a size, or a number of an unsigned type. Most hazards can be guarded (guards.h); a model
// with another one is refused.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/onnx/guards.h"

namespace sluice::onnx {

// The guards that `model`, an .onnx file, needs; mostly none. They are views into it. INVALID_ARGUMENT with what was
// found and where, for operators: "node 'x' (RoiAlign) …"; what cannot be read, nests too deeply or expands to too much
// is refused, too. Time and memory are bounded by the file's size and by constants.
absl::StatusOr<std::vector<Guard>> FindHazards(std::string_view model);

}  // namespace sluice::onnx
