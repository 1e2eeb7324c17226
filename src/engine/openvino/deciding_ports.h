// Which inputs of a net decide by their values, not only by their shapes, about the sizes inside it.
#pragma once

#include <vector>

#include "openvino/core/model.hpp"

namespace sluice {

// For each parameter of the model, in order.
std::vector<bool> DecidingInputs(const ov::Model& model);

}  // namespace sluice
