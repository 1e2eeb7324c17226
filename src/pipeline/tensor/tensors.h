// Tensors that own their bytes: what a request carries and an answer returns.
#pragma once

#include <string>
#include <vector>

#include "engine/bytes.h"  // IWYU pragma: export
#include "engine/shape.h"  // IWYU pragma: export
#include "engine/tensor.h"

namespace sluice {

struct Tensor {
  std::string name;
  DType dtype = DType::kFp32;
  Shape shape;
  std::string data;  // little-endian, row-major, no padding; BYTES as in engine/bytes.h

  TensorView view() const { return {name, dtype, shape, data.data(), data.size()}; }
};

using Tensors = std::vector<Tensor>;

}  // namespace sluice
