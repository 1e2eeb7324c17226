// Shapes: their text, their size, what fits what.
#pragma once

#include <optional>
#include <string>

#include "engine/tensor.h"

namespace sluice {

// "[1,3,320,320]"
std::string ToString(const Shape& shape);

// Number of elements; nothing when a dimension is negative or the product has no place in an int64_t.
std::optional<int64_t> ElementsOf(const Shape& shape);

// True when `shape` has the rank of `spec` and equals it wherever that is not -1.
bool Fits(const Shape& shape, const Shape& spec);

}  // namespace sluice
