// Hexadecimal digits at the speed of a log.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace sluice {

namespace internal {
inline constexpr auto kHexPairs = [] {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kDigits[i >> 4], kDigits[i & 15]};
  return pairs;
}();
}  // namespace internal

constexpr size_t kIdDigits = 16;

// `id` as 16 digits; returns what follows them.
inline char* PutHex(uint64_t id, char* to) {
  for (int shift = 56; shift >= 0; shift -= 8, to += 2)
    std::memcpy(to, internal::kHexPairs[id >> shift & 255].data(), 2);
  return to;
}

}  // namespace sluice
