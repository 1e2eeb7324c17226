#include "call/grpc_timeout.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sluice {
namespace {

// Longer waits are the same as this one, and cannot overflow.
constexpr Duration kLongest = std::chrono::hours(24 * 365);

std::optional<std::chrono::nanoseconds> UnitOf(char unit) {
  using namespace std::chrono_literals;
  switch (unit) {
    case 'H': return 1h;
    case 'M': return 1min;
    case 'S': return 1s;
    case 'm': return 1ms;
    case 'u': return 1us;
    case 'n': return 1ns;
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<Duration> ParseGrpcTimeout(std::string_view value) {
  if (value.size() < 2 || value.size() > 9) return std::nullopt;
  const auto unit = UnitOf(value.back());
  int64_t count = 0;
  const char* end = value.data() + value.size() - 1;
  if (!unit || value[0] == '-' || std::from_chars(value.data(), end, count).ptr != end) return std::nullopt;
  if (count > kLongest / *unit) return kLongest;
  return count * *unit;
}

std::optional<Duration> ParseConnectTimeout(std::string_view value) {
  int64_t count = 0;
  const char* end = value.data() + value.size();
  if (value.empty() || value.size() > 10 || value[0] == '-') return std::nullopt;
  if (std::from_chars(value.data(), end, count).ptr != end) return std::nullopt;
  return std::min<Duration>(std::chrono::milliseconds(count), kLongest);
}

std::optional<Duration> ParseSecondsTimeout(std::string_view value) {
  double seconds = 0;
  const char* end = value.data() + value.size();
  const auto [ptr, error] = std::from_chars(value.data(), end, seconds, std::chars_format::fixed);
  if (error != std::errc() || ptr != end || !(seconds >= 0) || std::isinf(seconds)) {
    return std::nullopt;
  }
  const auto longest = std::chrono::duration<double>(kLongest);
  return std::chrono::duration_cast<Duration>(std::min(std::chrono::duration<double>(seconds), longest));
}

}  // namespace sluice
