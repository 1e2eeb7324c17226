#include "pipeline/text_classification/normalize.h"

#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <array>
#include <memory>

#include "base/check.h"
#include "base/error.h"
#include "pipeline/text_classification/icu.h"

namespace sluice {
namespace {

constexpr char32_t kFirst = 0x3000, kLast = 0x9fff;  // where traditional characters are replaced
using Simplified = std::array<char16_t, kLast - kFirst + 1>;

Simplified BuildSimplified() {
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<icu::Transliterator> rules(
      icu::Transliterator::createInstance("Traditional-Simplified", UTRANS_FORWARD, error));
  SLUICE_CHECK(U_SUCCESS(error), "ICU has no Traditional-Simplified rules");
  Simplified table{};
  for (char32_t c = kFirst; c <= kLast; ++c) {
    icu::UnicodeString one(static_cast<UChar32>(c));
    rules->transliterate(one);
    table[c - kFirst] = static_cast<char16_t>(one.length() == 1 ? one[0] : c);
  }
  return table;
}

const Simplified& SimplifiedTable() {
  static const Simplified table = BuildSimplified();
  return table;
}

char32_t Simplify(char32_t c, const Simplified& table) { return c >= kFirst && c <= kLast ? table[c - kFirst] : c; }

bool IsDropped(char32_t c) {
  if (c > ' ' && c < 0x7f) return false;
  if (c >= 0x4e00 && c <= kLast) return false;
  return u_isUWhiteSpace(static_cast<UChar32>(c)) || u_charType(static_cast<UChar32>(c)) == U_CONTROL_CHAR;
}

// Code points whose NFKC_Casefold is one code point, whatever is next to them: nearly all of nearly every text.
// 0 = not one of them.
char32_t FoldAlone(char32_t c) {
  if (c >= 0x4e00 && c <= kLast) return c;
  if (c == 0) return 0;
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (c >= 0xff01 && c <= 0xff5e) return FoldAlone(c - 0xfee0);
  switch (c) {
    case 0xb7:
    case 0x2014:
    case 0x2018:
    case 0x2019:
    case 0x201c:
    case 0x201d:
    case 0x3001:
    case 0x3002: return c;
    default: return c >= 0x3008 && c <= 0x3011 ? c : 0;
  }
}

absl::Status DecodeUtf8(std::string_view utf8, uint32_t limit, std::u32string& out) {
  out.clear();
  const auto* bytes = reinterpret_cast<const uint8_t*>(utf8.data());
  const auto size = static_cast<int32_t>(utf8.size());
  for (int32_t at = 0; at < size && out.size() < limit;) {
    UChar32 c;
    U8_NEXT(bytes, at, size, c);
    if (c < 0) return Error(Reason::INVALID_REQUEST, "a text is not valid UTF-8");
    out.push_back(static_cast<char32_t>(c));
  }
  return absl::OkStatus();
}

// False: some code point needs the real algorithm; `text` is then unchanged.
bool FoldEachAlone(std::u32string& text) {
  for (const char32_t c : text) {
    if (FoldAlone(c) == 0) return false;
  }
  for (char32_t& c : text) c = FoldAlone(c);
  return true;
}

void FoldByIcu(std::u32string& text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::UnicodeString folded = NormalizedByIcu(icu::Normalizer2::getNFKCCasefoldInstance(error), error, text);
  text.resize(static_cast<size_t>(folded.countChar32()));
  folded.toUTF32(reinterpret_cast<UChar32*>(text.data()), static_cast<int32_t>(text.size()), error);
}

void SimplifyAndSpace(bool collapse, std::u32string& text) {
  const Simplified& table = SimplifiedTable();
  size_t kept = 0;
  bool blank = false;
  for (const char32_t c : text) {
    const char32_t simple = Simplify(c, table);
    if (IsDropped(simple)) {
      blank = collapse && kept > 0;
      continue;
    }
    // A blank takes the place of at least one dropped code point, so it never overtakes the reading position.
    if (blank) text[kept++] = U' ';
    blank = false;
    text[kept++] = simple;
  }
  text.resize(kept);
}

}  // namespace

absl::Status NormalizeText(std::string_view utf8, const NormalizeOptions& options, std::u32string& out) {
  RETURN_IF_ERROR(DecodeUtf8(utf8, options.raw_cut, out));
  if (options.enabled) {
    if (!FoldEachAlone(out)) FoldByIcu(out);
    SimplifyAndSpace(options.collapse, out);
  }
  if (options.length_max > 0 && out.size() > options.length_max) out.resize(options.length_max);
  return absl::OkStatus();
}

bool HasLetter(std::u32string_view text) {
  for (const char32_t c : text) {
    if (c >= 0x4e00 && c <= kLast) return true;
    if ((U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0) return true;
  }
  return false;
}

}  // namespace sluice
