// Of a server that runs.
#pragma once

#include <string>
#include <string_view>

#include "cli/doctor/finding.h"

namespace sluice::cli::doctor {

Findings CheckRunning(const std::string& server);

// What its metrics tell of trouble. Pure.
Findings CheckMetrics(std::string_view page);

}  // namespace sluice::cli::doctor
