#include "base/ids.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

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

std::string FormatRfc3339(WallTime time) {
  // The second's text changes a million times less often than it is asked for.
  thread_local std::time_t last = -1;
  thread_local std::array<char, 24> second{};
  const auto since = time.time_since_epoch();
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(since).count();
  if (seconds != last) {
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::strftime(second.data(), second.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    last = seconds;
  }
  int micros = static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(since).count() % 1'000'000);
  std::string out(second.data());
  out.append(".000000Z");
  for (size_t at = out.size() - 2; micros > 0; --at, micros /= 10) out[at] = static_cast<char>('0' + micros % 10);
  return out;
}

}  // namespace sluice
