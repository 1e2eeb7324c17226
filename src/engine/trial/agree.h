// Whether two engines computed the same: samples of outputs, and their comparison.
#pragma once

#include <string>

#include "ai/inference/trial.pb.h"
#include "engine/engine.h"

namespace sluice::trial {

// What of an output is compared: all of a small one, else elements spread evenly over it; the same of equal shapes.
void SetSample(const TensorView& tensor, ai::inference::trial::Output& out);

// Empty when the runs answered alike, within what their types allow; else what differs, with figures. Both may be
// anything.
std::string DifferenceOf(const ai::inference::trial::Run& a, const ai::inference::trial::Run& b);

}  // namespace sluice::trial
