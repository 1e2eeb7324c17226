// The clients of overload.weights.
#pragma once

#include "absl/status/statusor.h"
#include "ai/inference/config/server.pb.h"
#include "scheduler/weights.h"

namespace sluice {

// INVALID_REQUEST: what is no address, or is there twice.
absl::StatusOr<Weights> WeightsOf(const ai::inference::config::Overload& overload);

}  // namespace sluice
