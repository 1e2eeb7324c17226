// The inner loops of base64: whole blocks, no padding, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::json::base64 {

enum class Alphabet { kStandard, kUrlSafe };

// Decodes groups of 4 characters while they are valid and `n` lasts; returns the number of characters taken (a multiple
// of 4). `out` has room for n / 4 * 3 bytes.
size_t DecodeScalar(const char* in, size_t n, uint8_t* out, Alphabet alphabet);

// Encodes n / 3 whole groups; `out` has room for n / 3 * 4 characters. Returns the number of bytes taken.
size_t EncodeScalar(const uint8_t* in, size_t n, char* out);

// The value of a character, or 0xff.
uint8_t ValueOf(char c, Alphabet alphabet);
char CharacterOf(uint8_t value);

#if defined(__x86_64__)
// As above in steps of 32 characters (24 bytes); they stop early and leave the tail. Only on processors with AVX2.
size_t DecodeAvx2(const char* in, size_t n, uint8_t* out, Alphabet alphabet);
size_t EncodeAvx2(const uint8_t* in, size_t n, char* out);
#endif

// The best loop of this processor followed by the scalar one.
size_t DecodeBlocks(const char* in, size_t n, uint8_t* out, Alphabet alphabet);
size_t EncodeBlocks(const uint8_t* in, size_t n, char* out);

}  // namespace sluice::json::base64
