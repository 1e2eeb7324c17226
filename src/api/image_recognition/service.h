// ai.inference.ImageRecognition.
#pragma once

#include <atomic>

#include "call/method.h"
#include "pipeline/pipeline.h"

namespace sluice {

struct ImageRecognitionOptions {
  // Messages of one stream that may be in work at once; then reading stops and flow control does the rest.
  size_t stream_window = 4;
  // Frames or pictures of one CollectRecognize or WatchRecognize call.
  size_t frames_max = 1000;
  // Set when the server drains: a stream then ends after the answers that are due. Outlives the service.
  const std::atomic<bool>* draining = nullptr;

  bool Draining() const { return draining != nullptr && draining->load(std::memory_order_relaxed); }
};

// Registers the service's methods. `pipeline` outlives the table.
void RegisterImageRecognition(MethodTable& methods, Pipeline& pipeline, const ImageRecognitionOptions& options);

}  // namespace sluice
