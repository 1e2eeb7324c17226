// Steps that OpenVINO's shape inference lets pass, and that then fail at the run, hang or touch foreign memory.
#pragma once

#include "openvino/core/node.hpp"

namespace sluice {

// Looked at after the inference of `step`; what is still open then is not judged.
bool FailsLater(const ov::Node& step);

}  // namespace sluice
