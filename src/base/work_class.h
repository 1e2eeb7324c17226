// How much a piece of work minds waiting.
#pragma once

#include <cstdint>

namespace sluice {

enum class WorkClass : uint8_t {
  kLive,        // somebody looks at the answer as it comes
  kBatch,       // should be done soon
  kBackground,  // whatever is left
};

}  // namespace sluice
