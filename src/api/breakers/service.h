// ai.inference.Breakers.
#pragma once

#include "call/method.h"
#include "pipeline/breakers.h"

namespace sluice {

// Registers the service's methods. `breakers` outlives the table.
void RegisterBreakers(MethodTable& methods, Breakers& breakers);

}  // namespace sluice
