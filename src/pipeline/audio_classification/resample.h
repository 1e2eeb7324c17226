// Audio at another sample rate, by libsoxr. Pure functions: any thread; they work in pieces, with little memory of
// their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"

namespace sluice {

// From a telephone's rate to a studio's.
inline constexpr int32_t kResampleHzMin = 8'000;
inline constexpr int32_t kResampleHzMax = 192'000;

// True when the rates are equal, or both inside the bounds.
bool CanResample(int32_t from_hz, int32_t to_hz);

// How many samples at `to_hz` last as long as `samples` at `from_hz`, rounded up. Both rates are positive.
size_t ResampledSize(size_t samples, int32_t from_hz, int32_t to_hz);

// Writes `pcm16` (16 bit signed little-endian, whole samples) at `from_hz` to `out` as x / 32768 at `to_hz`.
// Frequencies that the new rate cannot carry are filtered out. CanResample(from_hz, to_hz), and `out` has ResampledSize
// elements. Errors: INTERNAL when there is no memory; `out` is then undefined.
absl::Status Resample(std::string_view pcm16, int32_t from_hz, int32_t to_hz, std::span<float> out);

}  // namespace sluice
