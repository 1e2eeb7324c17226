#include "pipeline/image/mjpeg.h"

#include <algorithm>
#include <cstdint>

namespace sluice {
namespace {

constexpr std::string_view kStart("\xff\xd8\xff", 3);  // SOI, and the first byte of the next marker
constexpr uint8_t kSoi = 0xd8, kEoi = 0xd9, kSos = 0xda;

uint8_t At(std::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

// Markers without a length after them: TEM and the restart markers.
bool IsBare(uint8_t marker) { return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7); }

// Where the marker after entropy-coded data begins: 0xff not followed by a stuffed zero or a restart. npos when none
// does.
size_t EndOfScan(std::string_view bytes, size_t at) {
  for (;;) {
    at = bytes.find('\xff', at);
    if (at == std::string_view::npos || at + 1 >= bytes.size()) return std::string_view::npos;
    const uint8_t next = At(bytes, at + 1);
    if (next == 0xff) {
      ++at;  // fill byte
    } else if (next == 0 || IsBare(next)) {
      at += 2;
    } else {
      return at;
    }
  }
}

// Length of the JPEG file at the front of `bytes`, which begin with SOI; 0 when its segments lead nowhere.
size_t LengthOf(std::string_view bytes) {
  size_t at = 2;
  while (at + 1 < bytes.size() && At(bytes, at) == 0xff) {
    const uint8_t marker = At(bytes, at + 1);
    if (marker == kEoi) return at + 2;
    if (marker == 0xff) {
      ++at;
      continue;
    }
    if (marker == 0 || marker == kSoi) return 0;
    at += 2;
    if (IsBare(marker)) continue;
    if (at + 2 > bytes.size()) return 0;
    const size_t length = size_t{At(bytes, at)} << 8 | At(bytes, at + 1);
    if (length < 2) return 0;
    at += length;
    if (marker != kSos) continue;
    at = at > bytes.size() ? std::string_view::npos : EndOfScan(bytes, at);
    if (at == std::string_view::npos) return 0;
  }
  return 0;
}

}  // namespace

std::optional<std::string_view> MjpegSplitter::Next() {
  const size_t start = rest_.find(kStart);
  if (start == std::string_view::npos) {
    rest_ = {};
    return std::nullopt;
  }
  rest_.remove_prefix(start);
  size_t length = LengthOf(rest_);
  if (length == 0) length = std::min(rest_.find(kStart, 2), rest_.size());
  const std::string_view picture = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return picture;
}

}  // namespace sluice
