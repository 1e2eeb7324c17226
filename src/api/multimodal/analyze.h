// The parts of one multimodal message: each goes to its model on its own (admission, queue, worker); the answer is
// joined.
#pragma once

#include <memory>
#include <string>

#include "ai/inference/multimodal.pb.h"
#include "call/call.h"
#include "pipeline/pipeline.h"

namespace sluice {

// Which model answers which part; empty: none does. Copied from the configuration.
struct PartModels {
  std::string text;
  std::string image;
  std::string audio;
};

// Gets the answer without `latency`; an error when every part failed: then the first one's. On the call's loop, once,
// possibly before AnalyzeParts returns.
using AnalyzeDone = absl::AnyInvocable<void(absl::StatusOr<ai::inference::MultimodalResponse>)>;

// Submits the parts side by side. Returns what takes those out of the queues that still wait. An error (no part was
// sent): `done` does not run.
absl::StatusOr<Task> AnalyzeParts(Pipeline& pipeline, const PartModels& models, std::shared_ptr<Call> call,
                                  ai::inference::MultimodalRequest request, TimePoint deadline, AnalyzeDone done);

}  // namespace sluice
