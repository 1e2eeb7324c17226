// Of the models and the rules about them.
#pragma once

#include "admission/breaker/breaker_core.h"
#include "ai/inference/config/server.pb.h"
#include "cli/doctor/finding.h"

namespace sluice::cli::doctor {

// Loads every model: seconds. The rules are checked against them, and each is fired once.
Findings CheckModels(const ai::inference::config::Server& options);

// Empty when the rule opens on faults and closes again after a good probe, in simulated time; else what it does.
std::string Fire(const BreakerPolicy& policy);

}  // namespace sluice::cli::doctor
