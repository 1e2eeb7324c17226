// What makes an .onnx file invalid and OpenVINO serves all the same (2026.4, measured): a name that is defined twice,
// where the last definition counts. Cycles, which it refuses without a reason, are named, too. ONNX Runtime checks both.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace sluice::onnx {

// INVALID_ARGUMENT, for operators: "node 'x' (Relu) defines 'y', which is defined already". Nodes may come in any
// order: the libraries sort them. Time and memory are bounded by the file's size and by constants.
absl::Status CheckGraph(std::string_view model);

}  // namespace sluice::onnx
