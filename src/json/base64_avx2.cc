// Base64 in 32-byte registers, after Wojciech Muła and Daniel Lemire, "Faster Base64 Encoding and Decoding Using AVX2
// Instructions" (2018).
#include "json/base64_blocks.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SLUICE_AVX2 __attribute__((target("avx2")))

namespace sluice::json::base64 {
namespace {

SLUICE_AVX2 inline __m256i Twice(__m128i v) { return _mm256_broadcastsi128_si256(v); }

// Rewrites '-' and '_' to '+' and '/'; `bad` gets the lanes that held '+' or '/'.
SLUICE_AVX2 inline __m256i FromUrlSafe(__m256i text, __m256i& bad) {
  const __m256i plus = _mm256_set1_epi8('+'), slash = _mm256_set1_epi8('/');
  bad = _mm256_or_si256(_mm256_cmpeq_epi8(text, plus), _mm256_cmpeq_epi8(text, slash));
  text = _mm256_blendv_epi8(text, plus, _mm256_cmpeq_epi8(text, _mm256_set1_epi8('-')));
  return _mm256_blendv_epi8(text, slash, _mm256_cmpeq_epi8(text, _mm256_set1_epi8('_')));
}

// 32 six-bit values to 24 bytes at the low end of the register.
SLUICE_AVX2 inline __m256i Pack(__m256i values) {
  const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
  const __m256i quads = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
  const __m256i lanes =
      _mm256_shuffle_epi8(quads, Twice(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)));
  return _mm256_permutevar8x32_epi32(lanes, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
}

}  // namespace

SLUICE_AVX2 size_t DecodeAvx2(const char* in, size_t n, uint8_t* out, Alphabet alphabet) {
  // A character is valid when the bit sets of its two nibbles do not meet.
  const __m256i low_sets = Twice(
      _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A));
  const __m256i high_sets = Twice(
      _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
  const __m256i shifts = Twice(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
  const __m256i mask = _mm256_set1_epi8(0x2f);  // also the character '/'
  size_t i = 0;
  // 45: a store writes 32 bytes of which 24 count, so 8 more output bytes (11 characters) must follow.
  for (; i + 45 <= n; i += 32, out += 24) {
    __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i));
    if (alphabet == Alphabet::kUrlSafe) {
      __m256i bad;
      text = FromUrlSafe(text, bad);
      if (!_mm256_testz_si256(bad, bad)) break;
    }
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), mask);
    const __m256i low = _mm256_and_si256(text, mask);
    if (!_mm256_testz_si256(_mm256_shuffle_epi8(low_sets, low), _mm256_shuffle_epi8(high_sets, high))) break;
    const __m256i is_slash = _mm256_cmpeq_epi8(text, mask);
    const __m256i shift = _mm256_shuffle_epi8(shifts, _mm256_add_epi8(is_slash, high));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), Pack(_mm256_add_epi8(text, shift)));
  }
  return i;
}

SLUICE_AVX2 size_t EncodeAvx2(const uint8_t* in, size_t n, char* out) {
  const __m256i order = Twice(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  const __m256i shifts = Twice(_mm_setr_epi8(65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0));
  size_t i = 0;
  // Two loads of 16 bytes, 12 apart: 28 bytes are read, 24 count.
  for (; i + 28 <= n; i += 24, out += 32) {
    const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i));
    const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i + 12));
    const __m256i bytes = _mm256_shuffle_epi8(_mm256_set_m128i(second, first), order);
    const __m256i upper =
        _mm256_mulhi_epu16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
    const __m256i lower =
        _mm256_mullo_epi16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
    const __m256i values = _mm256_or_si256(upper, lower);
    const __m256i range = _mm256_sub_epi8(_mm256_subs_epu8(values, _mm256_set1_epi8(51)),
                                          _mm256_cmpgt_epi8(values, _mm256_set1_epi8(25)));
    const __m256i text = _mm256_add_epi8(values, _mm256_shuffle_epi8(shifts, range));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), text);
  }
  return i;
}

}  // namespace sluice::json::base64
#endif
