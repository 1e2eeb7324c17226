#include "transport/oip/half.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::oip {
namespace {

constexpr uint16_t kHalfInfinity = 0x7c00;
constexpr uint16_t kHalfNan = 0x7e00;

}  // namespace

uint16_t HalfFromFloat(float value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  if (std::isnan(value)) return sign | kHalfNan;
  const float size = std::fabs(value);
  if (size == 0) return sign;
  if (size >= 65520.0f) return sign | kHalfInfinity;  // half way between the largest number and the next power of two
  // Numbers of one binade are multiples of its unit, 2^(exponent - 10); below 2^-14 the unit stays 2^-24.
  int exponent = 0;
  std::frexp(size, &exponent);
  const int unit = std::max(exponent - 11, -24);
  const auto units = static_cast<uint32_t>(std::nearbyint(std::ldexp(size, -unit)));  // at most 2048
  // A round-up to 2048 carries into the exponent by itself.
  return static_cast<uint16_t>(sign | (static_cast<uint32_t>(unit + 24) * 1024 + units));
}

float FloatFromHalf(uint16_t half) {
  const uint32_t exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
  const float sign = half & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 0x1f) return fraction != 0 ? std::nanf("") : sign * HUGE_VALF;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction + 1024), static_cast<int>(exponent) - 25);
}

uint16_t Bf16FromFloat(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float FloatFromBf16(uint16_t bf16) { return std::bit_cast<float>(static_cast<uint32_t>(bf16) << 16); }

}  // namespace sluice::oip
