#include "pipeline/text_classification/wordpiece.h"

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "pipeline/text_classification/icu.h"

namespace sluice {
namespace {

constexpr size_t kWordMax = 100;  // longer words are unknown

std::u32string ToCodePoints(std::string_view utf8) {
  const auto text = icu::UnicodeString::fromUTF8({utf8.data(), static_cast<int32_t>(utf8.size())});
  std::u32string out(static_cast<size_t>(text.countChar32()), 0);
  UErrorCode error = U_ZERO_ERROR;
  text.toUTF32(reinterpret_cast<UChar32*>(out.data()), static_cast<int32_t>(out.size()), error);
  return out;
}

bool InRange(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

bool IsChinese(char32_t c) {
  return InRange(c, 0x4e00, 0x9fff) || InRange(c, 0x3400, 0x4dbf) || InRange(c, 0x20000, 0x2a6df) ||
         InRange(c, 0x2a700, 0x2b73f) || InRange(c, 0x2b740, 0x2b81f) || InRange(c, 0x2b920, 0x2ceaf) ||
         InRange(c, 0xf900, 0xfaff) || InRange(c, 0x2f800, 0x2fa1f);
}

bool IsRemoved(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  if (c == 0 || c == 0xfffd) return true;
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK)) != 0;
}

bool IsPunctuation(char32_t c) {
  if (c < 0x80) return InRange(c, 33, 47) || InRange(c, 58, 64) || InRange(c, 91, 96) || InRange(c, 123, 126);
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_P_MASK) != 0;
}

// NFD without marks, then lower case code point by code point.
std::u32string StripAndLower(const std::u32string& text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::UnicodeString decomposed = NormalizedByIcu(icu::Normalizer2::getNFDInstance(error), error, text);
  std::u32string out;
  for (int32_t at = 0; at < decomposed.length(); at = decomposed.moveIndex32(at, 1)) {
    const UChar32 c = decomposed.char32At(at);
    if (u_charType(c) == U_NON_SPACING_MARK) continue;
    icu::UnicodeString lower(c);
    lower.toLower(icu::Locale::getRoot());
    for (int32_t i = 0; i < lower.length(); i = lower.moveIndex32(i, 1))
      out.push_back(static_cast<char32_t>(lower.char32At(i)));
  }
  return out;
}

// Steps 1 to 3: cleaned, blanks around Chinese characters, lower case.
std::u32string Prepare(std::u32string_view text, bool lower_case) {
  std::u32string spaced;
  bool plain = true;  // nothing that NFD or lower-casing would change
  for (const char32_t c : text) {
    if (IsRemoved(c)) continue;
    if (IsChinese(c)) {
      spaced.append({U' ', c, U' '});
      plain = plain && InRange(c, 0x4e00, 0x9fff);
    } else {
      spaced.push_back(u_isUWhiteSpace(static_cast<UChar32>(c)) ? U' ' : c);
      plain = plain && c < 0x80 && !InRange(c, 'A', 'Z');
    }
  }
  return lower_case && !plain ? StripAndLower(spaced) : spaced;
}

}  // namespace

absl::StatusOr<WordPiece> WordPiece::Parse(std::string_view vocabulary, bool lower_case) {
  WordPiece out;
  out.lower_case_ = lower_case;
  int64_t id = 0;
  vocabulary = WithoutBom(vocabulary);
  while (!vocabulary.empty()) {
    const size_t end = std::min(vocabulary.find('\n'), vocabulary.size());
    std::string_view line = vocabulary.substr(0, end);
    vocabulary.remove_prefix(std::min(end + 1, vocabulary.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > 2 && line.starts_with("##")) {
      out.next_.emplace(ToCodePoints(line.substr(2)), id);
    } else {
      out.first_.emplace(ToCodePoints(line), id);
    }
    ++id;
  }
  for (const std::u32string name : {U"[CLS]", U"[SEP]", U"[UNK]", U"[PAD]", U"[MASK]"}) {
    if (const auto it = out.first_.find(name); it != out.first_.end()) out.special_.emplace_back(name, it->second);
  }
  const auto need = [&](const std::u32string& name, int64_t& to) {
    const auto it = out.first_.find(name);
    if (it != out.first_.end()) to = it->second;
    return it != out.first_.end();
  };
  if (!need(U"[CLS]", out.cls_) || !need(U"[SEP]", out.sep_) || !need(U"[UNK]", out.unknown_)) {
    return Error(Reason::MODEL_UNAVAILABLE, "the vocabulary lacks [CLS], [SEP] or [UNK]");
  }
  return out;
}

void WordPiece::Tokenize(std::u32string_view text, size_t length_max, std::vector<int64_t>& ids) const {
  ids.assign(1, cls_);
  const size_t limit = length_max - 1;
  // Special tokens written in the text are themselves; the text between them goes through the steps.
  while (!text.empty() && ids.size() < limit) {
    size_t at = text.size(), length = 0;
    int64_t id = 0;
    for (const auto& [name, token] : special_) {
      const size_t found = text.find(name);
      if (found < at) at = found, length = name.size(), id = token;
    }
    AddText(text.substr(0, at), limit, ids);
    if (length > 0) ids.push_back(id);
    text.remove_prefix(at + length);
  }
  if (ids.size() > limit) ids.resize(limit);
  ids.push_back(sep_);
}

void WordPiece::AddText(std::u32string_view text, size_t limit, std::vector<int64_t>& ids) const {
  const std::u32string prepared = Prepare(text, lower_case_);
  const std::u32string_view all = prepared;
  size_t begin = 0;
  const auto end_word = [&](size_t end) {
    if (end > begin) AddWord(all.substr(begin, end - begin), ids);
  };
  for (size_t i = 0; i <= all.size() && ids.size() < limit; ++i) {
    if (i == all.size() || all[i] == U' ') {
      end_word(i);
      begin = i + 1;
    } else if (IsPunctuation(all[i])) {
      end_word(i);
      AddWord(all.substr(i, 1), ids);
      begin = i + 1;
    }
  }
}

void WordPiece::AddWord(std::u32string_view word, std::vector<int64_t>& ids) const {
  const size_t before = ids.size();
  if (word.size() > kWordMax) return ids.push_back(unknown_);
  for (size_t at = 0; at < word.size();) {
    const auto& pieces = at == 0 ? first_ : next_;
    size_t length = word.size() - at;
    for (; length > 0; --length) {
      const auto it = pieces.find(std::u32string(word.substr(at, length)));
      if (it == pieces.end()) continue;
      ids.push_back(it->second);
      break;
    }
    if (length == 0) {
      ids.resize(before);
      return ids.push_back(unknown_);
    }
    at += length;
  }
}

}  // namespace sluice
