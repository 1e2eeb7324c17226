// Names, sizes and texts of tensor types and shapes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/tensor.h"

namespace sluice {

// As in the Open Inference Protocol: "FP32", "INT64", "BYTES".
std::string_view NameOf(DType dtype);
std::optional<DType> DTypeNamed(std::string_view name);

// Bytes of one element; 0 for kBytes, whose elements differ in size.
size_t SizeOf(DType dtype);

// "[1,3,320,320]"
std::string ToString(const Shape& shape);

// Number of elements; nothing when a dimension is negative or the product has no place in an int64_t.
std::optional<int64_t> ElementsOf(const Shape& shape);

// True when `shape` has the rank of `spec` and equals it wherever that is not -1.
bool Fits(const Shape& shape, const Shape& spec);

}  // namespace sluice
