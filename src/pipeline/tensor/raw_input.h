// A request that is only the bytes of a tensor (Triton's "raw binary request"): its name, type and shape are the
// model's.
#pragma once

#include "absl/status/status.h"
#include "engine/engine.h"
#include "pipeline/tensor/tensors.h"

namespace sluice {

// Fills in what `tensor` lacks. INVALID_REQUEST, with what to send instead, when the model has several inputs, leaves
// more than one dimension open, or has another size. For BYTES the bytes are the one element, without its length.
absl::Status CompleteRaw(const ModelSignature& signature, Tensor& tensor);

}  // namespace sluice
