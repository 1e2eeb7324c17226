#include "pipeline/image/resize_kernels.h"

#include <algorithm>
#include <cmath>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice {
namespace {

float SampleOne(const float* line, const Tap& tap, const Affine& affine, int c) {
  const float* left = line + tap.offset + c;
  return (left[0] + (left[3] - left[0]) * tap.weight) * affine.scale[c] + affine.offset[c];
}

}  // namespace

void BlendRows(const uint8_t* upper, const uint8_t* lower, float weight, size_t n, float* out) {
  auto lower_weight = static_cast<int16_t>(std::lround(weight * kBlendUnit));
  auto upper_weight = static_cast<int16_t>(static_cast<int>(kBlendUnit) - lower_weight);
  size_t i = 0;
#if defined(__SSE2__)
  // Pairs (upper, lower) of 16 bit; one multiply-add each gives the 32-bit blend.
  const __m128i weights = _mm_set1_epi32(upper_weight | lower_weight << 16);
  const __m128i zero = _mm_setzero_si128();
  auto blend = [&](__m128i pairs, float* to) { _mm_storeu_ps(to, _mm_cvtepi32_ps(_mm_madd_epi16(pairs, weights))); };
  for (; i + 16 <= n; i += 16) {
    __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(upper + i));
    __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lower + i));
    __m128i low = _mm_unpacklo_epi8(a, b);
    __m128i high = _mm_unpackhi_epi8(a, b);
    blend(_mm_unpacklo_epi8(low, zero), out + i);
    blend(_mm_unpackhi_epi8(low, zero), out + i + 4);
    blend(_mm_unpacklo_epi8(high, zero), out + i + 8);
    blend(_mm_unpackhi_epi8(high, zero), out + i + 12);
  }
#endif
  for (; i < n; ++i) out[i] = static_cast<float>(upper[i] * upper_weight + lower[i] * lower_weight);
}

void AverageBlocks(const float* line, int width, int factor, float* out) {
  for (int x = 0; x < width; x += factor, out += 3) {
    int count = std::min(factor, width - x);
    float inverse = 1.0f / static_cast<float>(count);
#if defined(__SSE2__)
    __m128 sum = _mm_loadu_ps(line);
    line += 3;
    for (int i = 1; i < count; ++i, line += 3) sum = _mm_add_ps(sum, _mm_loadu_ps(line));
    _mm_storeu_ps(out, _mm_mul_ps(sum, _mm_set1_ps(inverse)));
#else
    float sum[3] = {0, 0, 0};
    for (int i = 0; i < count; ++i, line += 3) {
      for (int c = 0; c < 3; ++c) sum[c] += line[c];
    }
    for (int c = 0; c < 3; ++c) out[c] = sum[c] * inverse;
#endif
  }
}

#if defined(__SSE2__)

namespace {

// Three channels of one pixel, and a fourth value without meaning.
__m128 SamplePixel(const float* line, const Tap& tap) {
  __m128 left = _mm_loadu_ps(line + tap.offset);
  __m128 right = _mm_loadu_ps(line + tap.offset + 3);
  return _mm_add_ps(left, _mm_mul_ps(_mm_sub_ps(right, left), _mm_set1_ps(tap.weight)));
}

}  // namespace

void SamplePlanar(const float* line, const Tap* taps, size_t count, const Affine& affine, float* const planes[3]) {
  __m128 scale[3];
  __m128 offset[3];
  for (int c = 0; c < 3; ++c) {
    scale[c] = _mm_set1_ps(affine.scale[c]);
    offset[c] = _mm_set1_ps(affine.offset[c]);
  }
  float* const plane0 = planes[0];
  float* const plane1 = planes[1];
  float* const plane2 = planes[2];
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    __m128 a = SamplePixel(line, taps[i]);
    __m128 b = SamplePixel(line, taps[i + 1]);
    __m128 c = SamplePixel(line, taps[i + 2]);
    __m128 d = SamplePixel(line, taps[i + 3]);
    __m128 ab01 = _mm_unpacklo_ps(a, b);  // a0 b0 a1 b1
    __m128 cd01 = _mm_unpacklo_ps(c, d);
    __m128 ab2 = _mm_unpackhi_ps(a, b);  // a2 b2 . .
    __m128 cd2 = _mm_unpackhi_ps(c, d);
    _mm_storeu_ps(plane0 + i, _mm_add_ps(_mm_mul_ps(_mm_movelh_ps(ab01, cd01), scale[0]), offset[0]));
    _mm_storeu_ps(plane1 + i, _mm_add_ps(_mm_mul_ps(_mm_movehl_ps(cd01, ab01), scale[1]), offset[1]));
    _mm_storeu_ps(plane2 + i, _mm_add_ps(_mm_mul_ps(_mm_movelh_ps(ab2, cd2), scale[2]), offset[2]));
  }
  for (; i < count; ++i) {
    for (int c = 0; c < 3; ++c) planes[c][i] = SampleOne(line, taps[i], affine, c);
  }
}

#else

void SamplePlanar(const float* line, const Tap* taps, size_t count, const Affine& affine, float* const planes[3]) {
  for (int c = 0; c < 3; ++c) {
    for (size_t i = 0; i < count; ++i) planes[c][i] = SampleOne(line, taps[i], affine, c);
  }
}

#endif

void SampleInterleaved(const float* line, const Tap* taps, size_t count, const Affine& affine, bool swap, float* out) {
  int first = swap ? 2 : 0;
  for (size_t i = 0; i < count; ++i, out += 3) {
    out[first] = SampleOne(line, taps[i], affine, 0);
    out[1] = SampleOne(line, taps[i], affine, 1);
    out[2 - first] = SampleOne(line, taps[i], affine, 2);
  }
}

}  // namespace sluice
