// FP16 and BF16, which C++20 has no types for: JSON carries their values as numbers.
#pragma once

#include <cstdint>

namespace sluice::oip {

// The nearest 16-bit number (ties to even), infinity beyond the range; and back, exactly.
uint16_t HalfFromFloat(float value);
float FloatFromHalf(uint16_t half);
uint16_t Bf16FromFloat(float value);
float FloatFromBf16(uint16_t bf16);

}  // namespace sluice::oip
