#include "json/scalar_text.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/charconv.h"

namespace sluice::json {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

const char* SkipDigits(const char* p, const char* end) {
  while (p < end && IsDigit(*p)) ++p;
  return p;
}

// "1e3", "5.0", "-1.20e1": exact integers in another dress. Digits are moved, never rounded.
std::optional<std::string> WholeDigits(std::string_view text) {
  std::string digits;
  long point = -1, exponent = 0;
  const bool negative = text.front() == '-';
  size_t i = negative ? 1 : 0;
  for (; i < text.size() && (IsDigit(text[i]) || text[i] == '.'); ++i) {
    if (text[i] == '.') {
      point = static_cast<long>(digits.size());
    } else {
      digits.push_back(text[i]);
    }
  }
  if (i < text.size()) {
    const char* from = text.data() + i + 1;
    if (*from == '+') ++from;
    if (std::from_chars(from, text.data() + text.size(), exponent).ec != std::errc()) return std::nullopt;
  }
  if (digits.find_first_not_of('0') == std::string::npos) return "0";
  const long length = (point < 0 ? static_cast<long>(digits.size()) : point) + exponent;
  // No 64-bit number has more digits; this also bounds the padding.
  if (exponent > 64 || exponent < -64 - static_cast<long>(digits.size()) || length <= 0) return std::nullopt;
  for (size_t d = static_cast<size_t>(length); d < digits.size(); ++d) {
    if (digits[d] != '0') return std::nullopt;
  }
  digits.resize(static_cast<size_t>(length), '0');
  return negative ? "-" + digits : digits;
}

template <typename T>
std::optional<T> ParseDigits(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename T>
std::optional<T> ParseWhole(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const size_t first = text[0] == '-' ? 1 : 0;
  const bool leading_zero = text.size() > first + 1 && text[first] == '0' && IsDigit(text[first + 1]);
  if (!leading_zero) {
    if (auto value = ParseDigits<T>(text)) return value;
  }
  if (!IsJsonNumber(text)) return std::nullopt;
  const auto digits = WholeDigits(text);
  if (!digits) return std::nullopt;
  return ParseDigits<T>(*digits);
}

template <typename T>
std::optional<T> ParseReal(std::string_view text, bool names) {
  if (names) {
    if (text == "NaN") return std::numeric_limits<T>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<T>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<T>::infinity();
  }
  if (!IsJsonNumber(text)) return std::nullopt;
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc()) return value;
  if (error != std::errc::result_out_of_range) return std::nullopt;
  // Too large, or so small that it is zero: absl tells them apart.
  double wide = 0;
  absl::from_chars(text.data(), text.data() + text.size(), wide);
  if (std::abs(wide) >= 1) return std::nullopt;
  return static_cast<T>(wide);
}

template <typename T>
void AppendReal(T value, std::string& out) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  char text[64];
  const T size = std::abs(value);
  // Plain digits where people expect them, an exponent beyond.
  const bool plain = value == 0 || (size >= T(1e-5) && size < T(1e15));
  const auto end = plain ? std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed).ptr
                         : std::to_chars(text, text + sizeof(text), value).ptr;
  out.append(text, end);
}

template <typename T>
void AppendDigits(T value, std::string& out) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

}  // namespace

bool IsJsonNumber(std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  if (p < end && *p == '-') ++p;
  if (p == end || !IsDigit(*p)) return false;
  p = *p == '0' ? p + 1 : SkipDigits(p, end);
  if (p < end && *p == '.') {
    const char* fraction = ++p;
    p = SkipDigits(p, end);
    if (p == fraction) return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p < end && (*p == '+' || *p == '-')) ++p;
    const char* exponent = p;
    p = SkipDigits(p, end);
    if (p == exponent) return false;
  }
  return p == end;
}

std::optional<int32_t> ParseInt32(std::string_view text) { return ParseWhole<int32_t>(text); }
std::optional<int64_t> ParseInt64(std::string_view text) { return ParseWhole<int64_t>(text); }
std::optional<uint32_t> ParseUint32(std::string_view text) { return ParseWhole<uint32_t>(text); }
std::optional<uint64_t> ParseUint64(std::string_view text) { return ParseWhole<uint64_t>(text); }
std::optional<float> ParseFloat(std::string_view text, bool names) { return ParseReal<float>(text, names); }
std::optional<double> ParseDouble(std::string_view text, bool names) { return ParseReal<double>(text, names); }

void AppendFloat(float value, std::string& out) { AppendReal(value, out); }
void AppendDouble(double value, std::string& out) { AppendReal(value, out); }
void AppendInteger(int64_t value, std::string& out) { AppendDigits(value, out); }
void AppendInteger(uint64_t value, std::string& out) { AppendDigits(value, out); }

}  // namespace sluice::json
