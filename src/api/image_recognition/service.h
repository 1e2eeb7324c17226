// ai.inference.ImageRecognition.
#pragma once

#include <cstddef>

#include "api/streaming/options.h"
#include "call/method.h"
#include "pipeline/pipeline.h"

namespace sluice {

struct ImageRecognitionOptions {
  StreamOptions streams;
  // Frames or images of one CollectRecognize or WatchRecognize call.
  size_t frames_max = 1000;
};

// Registers the service's methods. `pipeline` outlives the table.
void RegisterImageRecognition(MethodTable& methods, Pipeline& pipeline, const ImageRecognitionOptions& options);

}  // namespace sluice
