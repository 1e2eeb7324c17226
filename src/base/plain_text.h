// Is it text that JSON takes as it is? Nearly all names, numbers and addresses are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice {

namespace internal {
constexpr uint64_t EachByte(uint8_t value) { return value * 0x0101010101010101ull; }
// The top bit of some byte is set when one of them is 0.
constexpr uint64_t ZeroByte(uint64_t bytes) { return (bytes - EachByte(1)) & ~bytes & EachByte(0x80); }
}  // namespace internal

// Printable ASCII without quotes and backslashes: eight bytes at a time.
inline bool IsPlainText(std::string_view text) {
  using internal::EachByte, internal::ZeroByte;
  while (text.size() >= 8) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, text.data(), 8);
    const uint64_t control = (bytes - EachByte(0x20)) & ~bytes & EachByte(0x80);
    const uint64_t quoted = ZeroByte(bytes ^ EachByte('"')) | ZeroByte(bytes ^ EachByte('\\'));
    if (((bytes & EachByte(0x80)) | control | quoted) != 0) return false;
    text.remove_prefix(8);
  }
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c != '"' && c != '\\'; });
}

}  // namespace sluice
