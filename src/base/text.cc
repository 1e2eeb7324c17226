#include "base/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/plain_text.h"

namespace sluice {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kBom = "\xEF\xBB\xBF";

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

}  // namespace

size_t Utf8CharacterBytes(std::string_view text) {
  if (text.empty()) return 0;
  const auto at = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t n = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < n) return 0;
  for (size_t i = 1; i < n; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  // Overlong forms, surrogates, and what is above U+10FFFF.
  if ((lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F)) return 0;
  if ((lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F)) return 0;
  return n;
}

size_t FirstInvalidUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    uint64_t word = UINT64_MAX;  // ASCII, which most text is, passes eight bytes at a time
    if (i + sizeof word <= text.size()) std::memcpy(&word, text.data() + i, sizeof word);
    if ((word & 0x8080808080808080u) == 0) {
      i += sizeof word;
      continue;
    }
    const size_t n = Utf8CharacterBytes(text.substr(i));
    if (n == 0) break;
    i += n;
  }
  return i;
}

std::string_view CutUtf8(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t cut = bytes_max;
  while (cut > 0 && bytes_max - cut < 3 && IsContinuation(text[cut])) --cut;
  // Bytes that are not characters anyway are cut where they are.
  return text.substr(0, Utf8CharacterBytes(text.substr(cut)) > bytes_max - cut ? cut : bytes_max);
}

void AppendValidUtf8(std::string_view text, std::string& out) {
  for (;;) {
    const size_t valid = FirstInvalidUtf8(text);
    out.append(text.substr(0, valid));
    if (valid == text.size()) return;
    out.append(kReplacement);
    text.remove_prefix(valid + 1);
  }
}

std::string MakeValidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  AppendValidUtf8(text, out);
  return out;
}

void AppendJsonString(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  if (IsPlainText(text)) {  // nearly always: names, numbers, addresses
    out.append(text).push_back('"');
    return;
  }
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && static_cast<uint8_t>(text[plain]) >= 0x20 && text[plain] != '"' &&
           text[plain] != '\\')
      ++plain;
    AppendValidUtf8(text.substr(0, plain), out);
    if (plain == text.size()) break;
    const char c = text[plain];
    if (static_cast<uint8_t>(c) < 0x20) {
      out.append("\\u00").push_back(kHex[c >> 4 & 15]);
      out.push_back(kHex[c & 15]);
    } else {
      out.append(1, '\\').push_back(c);
    }
    text.remove_prefix(plain + 1);
  }
  out.push_back('"');
}

std::string Excerpt(std::string_view text, size_t bytes_max) {
  const std::string_view front = CutUtf8(text, bytes_max);
  std::string out = MakeValidUtf8(front);
  for (char& c : out) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) c = '?';
  }
  if (front.size() < text.size()) out += "...";
  return out;
}

bool LooksLikeUtf16(std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) text.remove_prefix(2);
  static constexpr std::string_view kFirst = "{[\"";
  const auto begins = [text](size_t at) { return text[at] != '\0' && kFirst.find(text[at]) != std::string_view::npos; };
  if (text.size() < 2) return false;
  return (text[1] == '\0' && begins(0)) || (text[0] == '\0' && begins(1));
}

std::string_view WithoutBom(std::string_view text) {
  if (text.substr(0, kBom.size()) == kBom) text.remove_prefix(kBom.size());
  return text;
}

}  // namespace sluice
