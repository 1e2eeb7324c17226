// A kept call in words and figures. Pure.
#pragma once

#include <string>
#include <vector>

#include "ai/inference/debug.pb.h"
#include "base/trace/call_record.h"

namespace sluice {

// The layers are those of lists.cc, in order.
ai::inference::ExplainedCall ExplanationOf(const CallRecord& call, const std::vector<std::string>& call_layers,
                                           const std::vector<std::string>& admission_layers);

}  // namespace sluice
