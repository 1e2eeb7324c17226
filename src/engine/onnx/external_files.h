// The other files that an .onnx file names for its weights (TensorProto.external_data).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice::onnx {

// Each name once, as written, in the order of the file; names are not checked. INVALID_ARGUMENT for bytes that are no
// protobuf, that nest deeper than 64, or name more than 10,000 files. Field numbers: onnx.proto of ONNX 1.23.
absl::StatusOr<std::vector<std::string>> ExternalFiles(std::string_view model);

}  // namespace sluice::onnx
