// Which numbers a tensor of the file holds.
#pragma once

#include <cstdint>

#include "engine/onnx/graph.h"

namespace sluice::onnx {

// The elements of a tensor of integers (or bools) whose values are in the file's own bytes: the least and the greatest.
// False for others, for one without elements, and for one whose bytes do not match its type.
bool RangeOf(const Tensor& tensor, int64_t& least, int64_t& greatest);

}  // namespace sluice::onnx
