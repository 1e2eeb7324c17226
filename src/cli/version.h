// What `sluice --version` prints.
#pragma once

#include <string>

namespace sluice::cli {

// "sluice 0.1.0", and a line for each engine that can be used here: "openvino 2026.4.1-...".
std::string VersionText();

}  // namespace sluice::cli
