// ai.inference.ImageRecognition.
#pragma once

#include <atomic>

#include "call/method.h"
#include "pipeline/pipeline.h"

namespace sluice {

struct ImageRecognitionOptions {
  // Messages of one stream that may be in work at once; then reading stops and flow control does the rest.
  size_t stream_window = 4;
  // Set when the server drains: a stream then ends after the answers that are due. Outlives the service.
  const std::atomic<bool>* draining = nullptr;
};

// Registers the service's methods. `pipeline` outlives the table.
void RegisterImageRecognition(MethodTable& methods, Pipeline& pipeline, const ImageRecognitionOptions& options);

}  // namespace sluice
