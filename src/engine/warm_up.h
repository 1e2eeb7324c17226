// The first run of a model, before anyone waits for it.
#pragma once

#include "engine/engine.h"

namespace sluice {

// Runs on zeros, with 1 for every open dimension; a model that wants them to be otherwise is not warmed up. The session
// keeps the inputs, and is good for nothing else afterwards.
void WarmUp(const ModelSignature& signature, Session& session);

}  // namespace sluice
