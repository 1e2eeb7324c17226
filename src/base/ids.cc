#include "base/ids.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include "base/rfc3339.h"

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

char* PutRfc3339(WallTime time, char* to) {
  // The second's text changes a million times less often than it is asked for.
  thread_local std::time_t last = -1;
  thread_local std::array<char, 24> second{};
  constexpr size_t kSecondBytes = 19;
  const auto since = time.time_since_epoch();
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(since).count();
  if (seconds != last) {
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::strftime(second.data(), second.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    last = seconds;
  }
  auto micros = static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(since).count() % 1'000'000);
  std::memcpy(to, second.data(), kSecondBytes);
  to[kSecondBytes] = '.';
  for (size_t at = kRfc3339Bytes - 2; at > kSecondBytes; --at, micros /= 10)
    to[at] = static_cast<char>('0' + micros % 10);
  to[kRfc3339Bytes - 1] = 'Z';
  return to + kRfc3339Bytes;
}

std::string FormatRfc3339(WallTime time) {
  std::string out(kRfc3339Bytes, '\0');
  PutRfc3339(time, out.data());
  return out;
}

}  // namespace sluice
