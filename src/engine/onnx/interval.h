// What can be known of a tensor without running the model: its type, and between which numbers its elements are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/onnx/graph.h"

namespace sluice::onnx {

// Of integers; the least and the greatest are within. Arithmetic that may overflow knows nothing of its result.
struct Interval {
  int64_t least = INT64_MIN, greatest = INT64_MAX;

  bool Has(int64_t value) const { return least <= value && value <= greatest; }
};

// What elements of `type` can be at all; everything for types that are not integers.
Interval AllOf(int32_t type);
inline constexpr Interval kEverything;
// Sizes and places in a tensor: two of them can be multiplied.
inline constexpr Interval kSizes{0, INT32_MAX};

Interval Union(Interval a, Interval b);
Interval Add(Interval a, Interval b);
Interval Subtract(Interval a, Interval b);
Interval Multiply(Interval a, Interval b);
// ONNX's Div of integers (towards zero), and its Mod with the divisor's sign. Where they are defined.
Interval Divide(Interval a, Interval b);
Interval Modulo(Interval a, Interval b);
Interval Absolute(Interval a);
Interval Least(Interval a, Interval b);
Interval Greatest(Interval a, Interval b);

// Values of Known::empty_with; positive ones are numbers of inputs.
inline constexpr int32_t kEmptyAlone = 0;   // nothing is known
inline constexpr int32_t kNeverEmpty = -1;  // it has elements

struct Known {
  int32_t type = kUnknownType;
  Interval interval;
  bool constant = false;             // the same for every request
  bool raw = false;                  // a request's own numbers, hardly changed
  size_t rank = 0;                   // of a tensor in the file, or an input; 0: unknown
  bool sized = false;                // every dimension is fixed by the model's file, and none is 0
  int32_t empty_with = kEmptyAlone;  // two with the same number have elements together, or none
};

}  // namespace sluice::onnx
