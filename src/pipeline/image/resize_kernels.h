// The two inner loops of Resizer: 4 floats at a time (SSE2 on x86-64, plain code elsewhere).
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// Where one output pixel lies between two neighbours of a line.
struct Tap {
  int32_t offset;  // 3 * index of the left pixel
  float weight;    // of the right one, 0..1
};

// A line of floats from BlendRows is this much larger than its values, because its readers load 4 at a time.
constexpr size_t kLinePadding = 4;
// BlendRows' values are this many times larger than levels 0..255: the weights are integers.
constexpr float kBlendUnit = 16384.0f;

// out[i] = kBlendUnit * ((1 - weight) * upper[i] + weight * lower[i]) for i < n.
void BlendRows(const uint8_t* upper, const uint8_t* lower, float weight, size_t n, float* out);

// out[j] = mean of pixels [j * factor, (j + 1) * factor) of a line of `width` pixels, the last over what is left. The
// same padding; `out` may be `line`.
void AverageBlocks(const float* line, int width, int factor, float* out);

// value = level * scale + offset, per channel of the line.
struct Affine {
  float scale[4];
  float offset[4];
};

// Interpolates `count` pixels out of a line into three planes: planes[c][i] is channel c of the line.
void SamplePlanar(const float* line, const Tap* taps, size_t count, const Affine& affine, float* const planes[3]);

// The same into interleaved pixels; `swap` exchanges channels 0 and 2 (after `affine`, which is in the line's order).
void SampleInterleaved(const float* line, const Tap* taps, size_t count, const Affine& affine, bool swap, float* out);

}  // namespace sluice
