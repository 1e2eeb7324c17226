// What can be known of a node's outputs from what is known of its inputs.
#pragma once

#include <span>

#include "engine/onnx/interval.h"

namespace sluice::onnx {

// By output. `inputs` by input, null for one that is left out or unknown. Operators that are not ONNX's own, or newer
// than this list, give nothing (kUnknownType). Control flow (If, Loop, Scan) and calls of functions are the caller's.
std::vector<Known> Infer(const Node& node, std::span<const Known* const> inputs);

// Of a tensor in the file.
Known KnownOf(const Tensor& tensor);

}  // namespace sluice::onnx
