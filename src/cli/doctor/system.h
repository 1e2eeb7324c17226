// Of the machine: limits, clock, ports, certificates.
#pragma once

#include "ai/inference/config/server.pb.h"
#include "cli/doctor/finding.h"

namespace sluice::cli::doctor {

Findings CheckMachine(const ai::inference::config::Server& options);
Findings CheckListeners(const ai::inference::config::Server& options);

}  // namespace sluice::cli::doctor
