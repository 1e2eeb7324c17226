// The engine of a model without a file: output = input, of any type and shape. For tests and for measuring the
// framework.
#pragma once

#include <memory>

#include "engine/engine.h"

namespace sluice {

std::unique_ptr<Engine> MakeIdentityEngine();

}  // namespace sluice
