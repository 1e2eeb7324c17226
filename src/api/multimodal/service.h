// ai.inference.Multimodal.
#pragma once

#include "api/multimodal/analyze.h"
#include "api/streaming/options.h"
#include "call/method.h"
#include "pipeline/pipeline.h"

namespace sluice {

// Registers the service's methods. `pipeline` outlives the table.
void RegisterMultimodal(MethodTable& methods, Pipeline& pipeline, const PartModels& models,
                        const StreamOptions& streams);

}  // namespace sluice
