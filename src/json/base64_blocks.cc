#include "json/base64_blocks.h"

#include <array>

namespace sluice::json::base64 {
namespace {

constexpr char kCharacters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

using Values = std::array<uint8_t, 256>;

constexpr Values BuildValues(char plus, char slash) {
  Values values{};
  for (auto& v : values) v = 0xff;
  for (int i = 0; i < 62; ++i) values[static_cast<uint8_t>(kCharacters[i])] = static_cast<uint8_t>(i);
  values[static_cast<uint8_t>(plus)] = 62;
  values[static_cast<uint8_t>(slash)] = 63;
  return values;
}

constexpr Values kStandardValues = BuildValues('+', '/');
constexpr Values kUrlSafeValues = BuildValues('-', '_');

const Values& ValuesOf(Alphabet alphabet) { return alphabet == Alphabet::kStandard ? kStandardValues : kUrlSafeValues; }

bool HasAvx2() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
#else
  return false;
#endif
}

}  // namespace

uint8_t ValueOf(char c, Alphabet alphabet) { return ValuesOf(alphabet)[static_cast<uint8_t>(c)]; }
char CharacterOf(uint8_t value) { return kCharacters[value & 63]; }

size_t DecodeScalar(const char* in, size_t n, uint8_t* out, Alphabet alphabet) {
  const Values& values = ValuesOf(alphabet);
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const uint8_t a = values[static_cast<uint8_t>(in[i])], b = values[static_cast<uint8_t>(in[i + 1])];
    const uint8_t c = values[static_cast<uint8_t>(in[i + 2])], d = values[static_cast<uint8_t>(in[i + 3])];
    if ((a | b | c | d) & 0x80) break;
    *out++ = static_cast<uint8_t>(a << 2 | b >> 4);
    *out++ = static_cast<uint8_t>(b << 4 | c >> 2);
    *out++ = static_cast<uint8_t>(c << 6 | d);
  }
  return i;
}

size_t EncodeScalar(const uint8_t* in, size_t n, char* out) {
  size_t i = 0;
  for (; i + 3 <= n; i += 3) {
    const uint32_t v = static_cast<uint32_t>(in[i]) << 16 | static_cast<uint32_t>(in[i + 1]) << 8 | in[i + 2];
    *out++ = kCharacters[v >> 18];
    *out++ = kCharacters[v >> 12 & 63];
    *out++ = kCharacters[v >> 6 & 63];
    *out++ = kCharacters[v & 63];
  }
  return i;
}

size_t DecodeBlocks(const char* in, size_t n, uint8_t* out, Alphabet alphabet) {
  size_t done = 0;
#if defined(__x86_64__)
  if (HasAvx2()) done = DecodeAvx2(in, n, out, alphabet);
#endif
  return done + DecodeScalar(in + done, n - done, out + done / 4 * 3, alphabet);
}

size_t EncodeBlocks(const uint8_t* in, size_t n, char* out) {
  size_t done = 0;
#if defined(__x86_64__)
  if (HasAvx2()) done = EncodeAvx2(in, n, out);
#endif
  return done + EncodeScalar(in + done, n - done, out + done / 3 * 4);
}

}  // namespace sluice::json::base64
