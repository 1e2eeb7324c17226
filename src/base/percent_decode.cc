#include "base/percent_decode.h"

#include "absl/strings/ascii.h"

namespace sluice {
namespace {

int HexValue(char c) {
  const auto u = static_cast<unsigned char>(c);
  if (!absl::ascii_isxdigit(u)) return -1;
  return absl::ascii_isdigit(u) ? c - '0' : absl::ascii_tolower(u) - 'a' + 10;
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, bool keep_slash) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = HexValue(text[i + 1]), low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    const char c = static_cast<char>(high << 4 | low);
    if (c == '/' && keep_slash) {
      out.append(text.substr(i, 3));
    } else {
      out.push_back(c);
    }
    i += 2;
  }
  return out;
}

}  // namespace sluice
