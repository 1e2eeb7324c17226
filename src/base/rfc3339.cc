#include "base/rfc3339.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <ctime>

namespace sluice {

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
