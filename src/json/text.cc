#include "json/text.h"

#include <cstdint>

#include "base/text.h"
#include "simdjson.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::json {
namespace {

bool NeedsEscape(char c) { return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\'; }

struct Look {
  size_t plain = 0;        // bytes before the first that needs an escape
  bool non_ascii = false;  // among those bytes, or shortly after them
};

Look LookAt(std::string_view text) {
  Look look;
  size_t i = 0;
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
  int high = 0;
  for (; i + 16 <= text.size(); i += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    // Unsigned v <= 0x1f: the smaller of the two is v itself.
    const __m128i bad = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)),
                                     _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
    high |= _mm_movemask_epi8(v);
    if (_mm_movemask_epi8(bad) != 0) break;
  }
  look.non_ascii = high != 0;
#endif
  for (; i < text.size() && !NeedsEscape(text[i]); ++i) look.non_ascii |= static_cast<uint8_t>(text[i]) >= 0x80;
  look.plain = i;
  return look;
}

void AppendEscape(char c, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out.push_back(kHex[static_cast<uint8_t>(c) >> 4]);
      out.push_back(kHex[c & 15]);
  }
}

void AppendUtf8(std::string_view text, std::string& out) {
  if (simdjson::validate_utf8(text.data(), text.size())) {
    out.append(text);
  } else {
    AppendValidUtf8(text, out);
  }
}

}  // namespace

void AppendQuoted(std::string_view text, std::string& out) {
  out.push_back('"');
  for (;;) {
    const Look look = LookAt(text);
    // Escapes are ASCII, so no character is cut in two here.
    const std::string_view plain = text.substr(0, look.plain);
    if (look.non_ascii) {
      AppendUtf8(plain, out);
    } else {
      out.append(plain);
    }
    if (look.plain == text.size()) break;
    AppendEscape(text[look.plain], out);
    text.remove_prefix(look.plain + 1);
  }
  out.push_back('"');
}

}  // namespace sluice::json
