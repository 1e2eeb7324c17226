// One inference with raw tensors, as plain function calls on one thread: match names → set inputs → run → take outputs.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "pipeline/job.h"
#include "pipeline/tensor/tensors.h"

namespace sluice {

inline constexpr std::string_view kTensor = "tensor";

struct TensorInput {
  Tensors inputs;
  bool raw = false;                  // the one of `inputs` has bytes only (raw_input.h)
  std::vector<std::string> outputs;  // wanted, in this order; empty: all, in the model's order
};

// Every input of the model exactly once, in any order; the optional ones may be left out. The bytes of `input` are read
// where they are; an engine that answers with the same memory (identity) takes them out of it. Adds to `times`. Errors:
// INVALID_REQUEST names the tensor at fault and what the model takes; MODEL_FAILED; CANCELLED (by `stop`).
absl::StatusOr<Tensors> InferTensors(const ModelSignature& signature, Session& session, TensorInput& input,
                                     const Clock& clock, JobTimes& times, const std::stop_token& stop = {});

}  // namespace sluice
