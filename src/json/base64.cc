#include "json/base64.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "base/strings.h"
#include "json/base64_blocks.h"

namespace sluice::json {
namespace {

using base64::Alphabet;

// Output goes through a buffer that stays in the first-level cache: std::string cannot grow without writing zeros.
constexpr size_t kChunkBytes = 6144;
constexpr size_t kChunkCharacters = kChunkBytes / 3 * 4;

std::string_view WithoutPadding(std::string_view text) {
  if (text.size() % 4 != 0 || text.empty()) return text;
  if (text.back() == '=') text.remove_suffix(1);
  if (text.back() == '=') text.remove_suffix(1);
  return text;
}

// The last 2 or 3 characters. False when they are not valid or carry bits beyond the last byte.
bool DecodeTail(std::string_view tail, std::string& out, Alphabet alphabet) {
  if (tail.empty()) return true;
  if (tail.size() == 1) return false;
  uint32_t bits = 0;
  for (char c : tail) {
    const uint8_t value = base64::ValueOf(c, alphabet);
    if (value == 0xff) return false;
    bits = bits << 6 | value;
  }
  if (tail.size() == 2) {
    out.push_back(static_cast<char>(bits >> 4));
    return (bits & 0xf) == 0;
  }
  out.push_back(static_cast<char>(bits >> 10));
  out.push_back(static_cast<char>(bits >> 2));
  return (bits & 0x3) == 0;
}

// Returns the number of characters taken; all of them when the text is valid.
size_t DecodeWith(Alphabet alphabet, std::string_view text, std::string& out) {
  uint8_t chunk[kChunkBytes];
  const size_t whole = text.size() / 4 * 4;
  size_t done = 0;
  while (done < whole) {
    const size_t n = std::min(whole - done, kChunkCharacters);
    const size_t taken = base64::DecodeBlocks(text.data() + done, n, chunk, alphabet);
    out.append(reinterpret_cast<const char*>(chunk), taken / 4 * 3);
    done += taken;
    if (taken < n) return done;
  }
  return DecodeTail(text.substr(whole), out, alphabet) ? text.size() : whole;
}

void Explain(std::string_view text, size_t from, Alphabet alphabet, Base64Error* error) {
  if (error == nullptr) return;
  size_t i = from;
  while (i < text.size() && base64::ValueOf(text[i], alphabet) != 0xff) ++i;
  error->position = i;
  if (i == text.size()) {
    error->reason = text.size() % 4 == 1 ? "is truncated: base64 never leaves a single character over; send all of it"
                                         : "has stray bits in its last character; send all of it";
    return;
  }
  const char c = text[i];
  if (c == '\n' || c == '\r' || c == ' ') {
    error->reason = StrCat("has white space at character ", i, "; send base64 without line breaks");
  } else if (c == '=') {
    error->reason = StrCat("has misplaced padding at character ", i);
  } else if (text.substr(0, 5) == "data:") {
    error->reason = "is a data URL; send only the base64 after the comma";
  } else if (c == '+' || c == '/' || c == '-' || c == '_') {
    error->reason = "mixes the standard and the URL-safe base64 alphabet; use one of them";
  } else {
    error->reason = StrCat("is not base64: character ", i, " is '", absl::CHexEscape(ToAbsl(text.substr(i, 1))), "'");
  }
}

}  // namespace

void Base64Encode(std::string_view bytes, std::string& out) {
  char chunk[kChunkCharacters];
  const auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  size_t done = 0;
  while (bytes.size() - done >= 3) {
    const size_t taken = base64::EncodeBlocks(in + done, std::min(bytes.size() - done, kChunkBytes), chunk);
    out.append(chunk, taken / 3 * 4);
    done += taken;
  }
  const size_t rest = bytes.size() - done;
  if (rest == 0) return;
  const uint8_t a = in[done], b = rest == 2 ? in[done + 1] : 0;
  out.push_back(base64::CharacterOf(a >> 2));
  out.push_back(base64::CharacterOf(static_cast<uint8_t>(a << 4 | b >> 4)));
  out.push_back(rest == 2 ? base64::CharacterOf(static_cast<uint8_t>(b << 2)) : '=');
  out.push_back('=');
}

bool Base64Decode(std::string_view text, std::string& out, Base64Error* error) {
  const std::string_view digits = WithoutPadding(text);
  const size_t before = out.size();
  out.reserve(before + digits.size() / 4 * 3 + 2);
  size_t taken = DecodeWith(Alphabet::kStandard, digits, out);
  if (taken == digits.size()) return true;
  Alphabet alphabet = Alphabet::kStandard;
  // The first character that is not standard decides whether the text may be URL-safe.
  const size_t stop = digits.find_first_of("-_", taken);
  if (stop != std::string_view::npos) {
    alphabet = Alphabet::kUrlSafe;
    out.resize(before);
    taken = DecodeWith(alphabet, digits, out);
    if (taken == digits.size()) return true;
  }
  Explain(text, taken, alphabet, error);
  return false;
}

}  // namespace sluice::json
