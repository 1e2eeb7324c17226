// inference.GRPCInferenceService: the Open Inference Protocol v2 of KServe and Triton.
#pragma once

#include <atomic>

#include "call/method.h"
#include "pipeline/catalog.h"
#include "pipeline/pipeline.h"

namespace sluice {

// All outlive the table.
struct OpenInferenceContext {
  Pipeline& pipeline;
  ModelCatalog& catalog;
  // Set when the server drains: it is then not ready, and a stream ends after the answers that are due.
  const std::atomic<bool>& draining;
};

void RegisterOpenInference(MethodTable& methods, const OpenInferenceContext& context);

}  // namespace sluice
