// Tensors as the pipelines see them: a name, a type, a shape, and bytes that someone else owns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "base/dtype.h"  // IWYU pragma: export

namespace sluice {

// Row-major; -1 is a dimension that a model leaves open.
using Shape = absl::InlinedVector<int64_t, 5>;

// A view: `name` and `data` outlive it. `data` is null where only the signature (name, type, shape) is meant.
struct TensorView {
  std::string_view name;
  DType dtype = DType::kFp32;
  Shape shape;
  const void* data = nullptr;
  size_t bytes = 0;

  // The elements. The caller has checked that `dtype` is the type of T.
  template <class T>
  std::span<const T> As() const {
    return {static_cast<const T*>(data), bytes / sizeof(T)};
  }
};

}  // namespace sluice
