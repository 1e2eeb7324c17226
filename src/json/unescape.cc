#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "json/scalar_text.h"

namespace sluice::json {
namespace {

constexpr char kBadEscape[] = "has an invalid escape; use \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX";
constexpr char kLoneSurrogate[] = "has a lone surrogate, which is not a character; send complete UTF-16 pairs";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hexadecimal digits at `p`, or -1.
int32_t CodeUnit(const char* p, const char* end) {
  if (end - p < 4) return -1;
  int32_t unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int value = HexValue(p[i]);
    if (value < 0) return -1;
    unit = unit << 4 | value;
  }
  return unit;
}

void AppendUtf8(uint32_t c, std::string& out) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | c >> 6));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | c >> 12));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | c >> 18));
    out.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

// `p` points after "\u" and moves past what was read.
const char* UnescapeUnicode(const char*& p, const char* end, std::string& out) {
  const int32_t unit = CodeUnit(p, end);
  if (unit < 0) return kBadEscape;
  p += 4;
  if (unit < 0xD800 || unit > 0xDFFF) {
    AppendUtf8(static_cast<uint32_t>(unit), out);
    return nullptr;
  }
  if (unit > 0xDBFF || end - p < 6 || p[0] != '\\' || p[1] != 'u') return kLoneSurrogate;
  const int32_t low = CodeUnit(p + 2, end);
  if (low < 0) return kBadEscape;
  if (low < 0xDC00 || low > 0xDFFF) return kLoneSurrogate;
  p += 6;
  AppendUtf8(0x10000 + (static_cast<uint32_t>(unit - 0xD800) << 10) + static_cast<uint32_t>(low - 0xDC00), out);
  return nullptr;
}

char SimpleEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return '\0';
  }
}

}  // namespace

const char* Unescape(std::string_view inside, std::string& out) {
  const char* p = inside.data();
  const char* end = p + inside.size();
  while (p < end) {
    const auto* escape = static_cast<const char*>(std::memchr(p, '\\', static_cast<size_t>(end - p)));
    if (escape == nullptr) escape = end;
    out.append(p, escape);
    if (escape == end) break;
    p = escape + 1;
    if (p == end) return kBadEscape;
    const char c = *p++;
    if (c == 'u') {
      if (const char* problem = UnescapeUnicode(p, end, out)) return problem;
    } else if (const char plain = SimpleEscape(c); plain != '\0') {
      out.push_back(plain);
    } else {
      return kBadEscape;
    }
  }
  return nullptr;
}

}  // namespace sluice::json
