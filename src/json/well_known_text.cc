#include "json/well_known_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "base/strings.h"

namespace sluice::json {
namespace {

constexpr int64_t kSecondsMin = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t kSecondsMax = 253402300799;  // 9999-12-31T23:59:59Z
constexpr int64_t kDurationMax = 315576000000;
constexpr int32_t kNanosPerSecond = 1'000'000'000;
const absl::CivilSecond kEpoch(1970, 1, 1);

// Takes exactly `n` digits from the front.
bool TakeDigits(std::string_view& text, size_t n, int& value) {
  if (text.size() < n) return false;
  value = 0;
  for (size_t i = 0; i < n; ++i) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(text[i]))) return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(n);
  return true;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

// ".5" and the like; nothing is zero. False on a bare dot or more than 9 digits.
bool TakeFraction(std::string_view& text, int32_t& nanos) {
  nanos = 0;
  if (!Take(text, '.')) return true;
  int32_t unit = kNanosPerSecond;
  while (!text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) {
    if (unit == 1) return false;
    unit /= 10;
    nanos += (text[0] - '0') * unit;
    text.remove_prefix(1);
  }
  return unit != kNanosPerSecond;
}

bool TakeOffset(std::string_view& text, int64_t& seconds) {
  seconds = 0;
  if (Take(text, 'Z')) return true;
  const int sign = Take(text, '+') ? 1 : Take(text, '-') ? -1 : 0;
  int hours = 0, minutes = 0;
  if (sign == 0 || !TakeDigits(text, 2, hours) || !Take(text, ':') || !TakeDigits(text, 2, minutes)) return false;
  seconds = sign * (hours * 3600 + minutes * 60);
  return hours <= 23 && minutes <= 59;
}

void AppendFraction(int32_t nanos, std::string& out) {
  if (nanos == 0) return;
  if (nanos % 1'000'000 == 0) {
    absl::StrAppendFormat(&out, ".%03d", nanos / 1'000'000);
  } else if (nanos % 1000 == 0) {
    absl::StrAppendFormat(&out, ".%06d", nanos / 1000);
  } else {
    absl::StrAppendFormat(&out, ".%09d", nanos);
  }
}

}  // namespace

std::optional<SecondsNanos> ParseTimestamp(std::string_view text) {
  int year, month, day, hour, minute, second;
  int32_t nanos;
  int64_t offset;
  if (!TakeDigits(text, 4, year) || !Take(text, '-') || !TakeDigits(text, 2, month) || !Take(text, '-') ||
      !TakeDigits(text, 2, day) || !Take(text, 'T') || !TakeDigits(text, 2, hour) || !Take(text, ':') ||
      !TakeDigits(text, 2, minute) || !Take(text, ':') || !TakeDigits(text, 2, second) || !TakeFraction(text, nanos) ||
      !TakeOffset(text, offset) || !text.empty()) {
    return std::nullopt;
  }
  const absl::CivilSecond civil(year, month, day, hour, minute, second);
  // CivilSecond turns 30 February into 2 March; a date that moved was none.
  if (civil.month() != month || civil.day() != day || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const int64_t seconds = civil - kEpoch - offset;
  if (seconds < kSecondsMin || seconds > kSecondsMax) return std::nullopt;
  return SecondsNanos{seconds, nanos};
}

bool AppendTimestamp(SecondsNanos value, std::string& out) {
  if (value.seconds < kSecondsMin || value.seconds > kSecondsMax || value.nanos < 0 || value.nanos >= kNanosPerSecond) {
    return false;
  }
  const absl::CivilSecond t = kEpoch + value.seconds;
  absl::StrAppendFormat(&out, "%04d-%02d-%02dT%02d:%02d:%02d", t.year(), t.month(), t.day(), t.hour(), t.minute(),
                        t.second());
  AppendFraction(value.nanos, out);
  out.push_back('Z');
  return true;
}

std::optional<SecondsNanos> ParseDuration(std::string_view text) {
  if (text.empty() || text.back() != 's') return std::nullopt;
  text.remove_suffix(1);
  const bool negative = Take(text, '-');
  int64_t seconds = 0;
  size_t digits = 0;
  while (!text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) {
    if (++digits > 12) return std::nullopt;
    seconds = seconds * 10 + (text[0] - '0');
    text.remove_prefix(1);
  }
  int32_t nanos = 0;
  if (digits == 0 || !TakeFraction(text, nanos) || !text.empty() || seconds > kDurationMax) return std::nullopt;
  if (seconds == kDurationMax && nanos > 0) return std::nullopt;
  return negative ? SecondsNanos{-seconds, -nanos} : SecondsNanos{seconds, nanos};
}

bool AppendDuration(SecondsNanos value, std::string& out) {
  const bool mixed = (value.seconds > 0 && value.nanos < 0) || (value.seconds < 0 && value.nanos > 0);
  const bool outside = value.seconds < -kDurationMax || value.seconds > kDurationMax ||
                       value.nanos <= -kNanosPerSecond || value.nanos >= kNanosPerSecond;
  if (mixed || outside) return false;
  if (value.seconds < 0 || value.nanos < 0) out.push_back('-');
  absl::StrAppendFormat(&out, "%d", value.seconds < 0 ? -value.seconds : value.seconds);
  AppendFraction(value.nanos < 0 ? -value.nanos : value.nanos, out);
  out.push_back('s');
  return true;
}

std::optional<std::vector<std::string>> ParseFieldMask(std::string_view text) {
  std::vector<std::string> paths;
  if (text.empty()) return paths;
  for (const absl::string_view part : absl::StrSplit(ToAbsl(text), ',')) {
    std::string path;
    for (char c : part) {
      if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.') return std::nullopt;
      if (absl::ascii_isupper(static_cast<unsigned char>(c))) path.push_back('_');
      path.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
    }
    paths.push_back(std::move(path));
  }
  return paths;
}

std::optional<std::string> FieldPathToJson(std::string_view path) {
  std::string out;
  bool upper = false;
  for (char c : path) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c))) return std::nullopt;
    if (upper && !absl::ascii_islower(static_cast<unsigned char>(c))) return std::nullopt;
    if (c == '_') {
      upper = true;
      continue;
    }
    out.push_back(upper ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c);
    upper = false;
  }
  if (upper) return std::nullopt;
  return out;
}

}  // namespace sluice::json
