// Which tensors of a model are without elements together, whatever a request sends.
#pragma once

#include <cstdint>
#include <span>

#include "engine/onnx/interval.h"

namespace sluice::onnx {

// `Known::empty_with` of a node's first output, or of all of a Split's. Far from complete: what is not listed is
// kEmptyAlone.
int32_t EmptyWith(const Node& node, std::span<const Known* const> inputs);

// The same for all of the inputs, so that either all have elements, or none has.
bool EmptyTogether(std::span<const Known* const> inputs);

}  // namespace sluice::onnx
