// ai.inference.TextClassification.
#pragma once

#include "call/method.h"
#include "pipeline/pipeline.h"

namespace sluice {

// Registers the service's methods. `pipeline` outlives the table.
void RegisterTextClassification(MethodTable& methods, Pipeline& pipeline);

}  // namespace sluice
