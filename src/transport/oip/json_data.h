// The `data` of a tensor: a JSON array, flat or nested like the shape, and the tensor's bytes.
//
//   [[1, 2], [3, 4]] or [1, 2, 3, 4]  ⇄  little-endian, row-major; BYTES are strings
//
// FP16 and BF16 are numbers, rounded to the nearest; NaN and infinities are the strings "NaN", "Infinity", "-Infinity".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/dtype.h"
#include "json/tokens.h"

namespace sluice::oip {

// Number of elements; nothing for a negative dimension, or when there are more than 2^62.
std::optional<int64_t> ElementsOf(std::span<const int64_t> shape);

// Reads the array that `tokens` is at and appends its bytes. INVALID_BODY names the place: a value of the wrong kind or
// range, more or fewer elements than the shape has, a nesting that is not the shape's.
absl::Status ReadData(json::Tokens& tokens, DType type, std::span<const int64_t> shape, std::string& out);

// Appends the flat array. INVALID_REQUEST when BYTES are not UTF-8, which JSON cannot carry. `data` has whole elements.
absl::Status WriteData(std::string_view data, DType type, std::string& out);

}  // namespace sluice::oip
