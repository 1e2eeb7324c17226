#include "base/ids.h"

#include <algorithm>
#include <array>

namespace sluice {
namespace {

constexpr char kHex[] = "0123456789abcdef";

}  // namespace

std::string NewUuidV7(WallTime now, Random& random) {
  const uint64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const uint64_t high = ms << 16 | 0x7000 | (random.Next() & 0x0fff);
  const uint64_t low = (random.Next() & 0x3fff'ffff'ffff'ffff) | 0x8000'0000'0000'0000;
  std::string id(36, '-');
  int at = 0;
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) ++at;
    const uint64_t word = nibble < 16 ? high : low;
    id[at++] = kHex[word >> (60 - nibble % 16 * 4) & 15];
  }
  return id;
}

bool IsAcceptableRequestId(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

}  // namespace sluice
