// Whether a whole text is UTF-8. ASCII, which JSON with base64 is, passes eight bytes at a time.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "transport/rest/utf8.h"

namespace sluice::websocket {

inline bool IsUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    uint64_t word = 0;
    if (at + 8 <= text.size()) std::memcpy(&word, text.data() + at, 8);
    if (at + 8 <= text.size() && (word & 0x8080808080808080u) == 0) {
      at += 8;
      continue;
    }
    const size_t bytes = rest::Utf8CharacterBytes(text.substr(at));
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}

}  // namespace sluice::websocket
