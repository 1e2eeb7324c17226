// Which engine serves a model, from what its trials found.
#pragma once

#include <string>
#include <vector>

#include "ai/inference/trial.pb.h"

namespace sluice::trial {

using ai::inference::trial::Verdict;

// How the trial of one engine ended.
struct Outcome {
  std::string engine;
  ai::inference::trial::Report report;
  std::string failure;   // why the engine cannot serve the model; empty when it can
  bool killed = false;   // by somebody else: another try may end differently
  bool passing = false;  // the failure says more about the machine at that moment than about the file: not kept
};

// `outcomes` in order of preference; the first is taken unless another one answers the same and is more than a tenth
// faster. `trusted_inputs`: see LoadOptions; without them an engine that returns a result where the preferred one
// reports an error is not taken.
Verdict Decide(const std::vector<Outcome>& outcomes, bool trusted_inputs);

}  // namespace sluice::trial
