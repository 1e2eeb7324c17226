// InferTensorContents (a typed list of values) as the bytes of a tensor.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "inference/grpc_service.pb.h"
#include "pipeline/tensor/tensors.h"

namespace sluice {

// `input` names the tensor in errors: INVALID_REQUEST when the values lie in another field than `dtype` has, do not fit
// it (300 for UINT8), or when it has none (FP16, BF16).
absl::StatusOr<std::string> BytesOf(const inference::InferTensorContents& contents, DType dtype,
                                    std::string_view input);

}  // namespace sluice
