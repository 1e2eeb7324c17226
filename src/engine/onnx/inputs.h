// What an .onnx file says of its inputs' shapes, read without loading it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice::onnx {

struct Dimension {
  int64_t size = -1;        // -1: open
  std::string_view symbol;  // of an open one; may be empty
};

struct GraphInput {
  std::string_view name;
  bool has_shape = false;
  std::vector<Dimension> dimensions;
};

// In the file's order; inputs with a default are among them. The views lie in `model`. INVALID_ARGUMENT for bytes that are no
// protobuf, or more than 10,000 inputs or 64 dimensions.
absl::StatusOr<std::vector<GraphInput>> InputsOf(std::string_view model);

}  // namespace sluice::onnx
