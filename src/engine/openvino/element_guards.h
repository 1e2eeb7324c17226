// Guards for steps that read what is not there when what comes in has no elements, or fewer than they count on, where
// how many there are is computed by the net (NonZero): no look at a request's shapes finds that before the run.
#pragma once

#include "absl/status/status.h"
#include "engine/openvino/request_values.h"
#include "openvino/core/model.hpp"

namespace sluice {

// Of the model itself, not of the bodies of its loops. UNIMPLEMENTED for a step that cannot be guarded.
absl::Status AddElementGuards(ov::Model& model, const RequestValues& values);

}  // namespace sluice
