// Puts guards before the steps of a net that OpenVINO computes without looking at what a request makes of their inputs:
// indices outside their tables, divisors and steps of 0. It would read or write foreign memory, or end the process.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "engine/openvino/guard.h"
#include "openvino/core/model.hpp"

namespace sluice {

// For nets whose inputs clients make. Unimplemented, naming the step, for one that cannot be guarded. Throws what
// OpenVINO throws.
absl::Status AddGuards(ov::Model& model);

// How many guards the net has, bodies of If, Loop and TensorIterator included; all of them report to `report` from now
// on.
int SetReport(ov::Model& model, const std::shared_ptr<GuardReport>& report);

}  // namespace sluice
