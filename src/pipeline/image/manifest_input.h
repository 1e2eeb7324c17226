// A model.yaml's `input:` as the resizer understands it.
#pragma once

#include "absl/status/statusor.h"
#include "pipeline/image/resize.h"
#include "repository/model_version.h"

namespace sluice {

// Width and height come from the manifest, else from the model's first input. An error, for the operator, when neither
// fixes them, or the model's first input is not float32 [n,3,h,w] (or [n,h,w,3]).
absl::StatusOr<InputFormat> InputFormatOf(const ModelVersion& version);

// Shape of one image's input tensor.
Shape InputShape(const InputFormat& format);

}  // namespace sluice
