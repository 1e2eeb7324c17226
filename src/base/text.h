// Text that came from elsewhere: is it UTF-8, where may it be cut, how is it shown. Pure; any thread; linear in what is
// read.
//
//   Error(reason, StrCat("no model '", Excerpt(name), "'"))      what a client sent, in a message or a log line
//
// Whole texts of a request are validated by simdjson, which is faster.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

// Bytes (1 to 4) of the valid character at the front of `text`; 0 when there is none.
size_t Utf8CharacterBytes(std::string_view text);

// Offset of the first byte that is not valid; the size when all is.
size_t FirstInvalidUtf8(std::string_view text);
inline bool IsUtf8(std::string_view text) { return FirstInvalidUtf8(text) == text.size(); }

// The front of `text`, at most `bytes_max` bytes, that does not end within a character.
std::string_view CutUtf8(std::string_view text, size_t bytes_max);

// `text` with U+FFFD in the place of each byte that is not valid: at most three times as long.
std::string MakeValidUtf8(std::string_view text);
void AppendValidUtf8(std::string_view text, std::string& out);

// `text` as a JSON string with its quotes, always valid UTF-8. For logs; json/text is the fast one.
void AppendJsonString(std::string_view text, std::string& out);

// What a message shows of a client's text: valid UTF-8, control characters as '?', at most `bytes_max` bytes of the
// text, then "...".
constexpr size_t kExcerptBytesMax = 128;
std::string Excerpt(std::string_view text, size_t bytes_max = kExcerptBytesMax);

// JSON in UTF-16, or in UTF-32 with the low byte first, with its byte order mark or without: some editors and shells
// write it. By its first character, which is ASCII.
bool LooksLikeUtf16(std::string_view text);

// Without the byte order mark that some editors put before UTF-8.
std::string_view WithoutBom(std::string_view text);

}  // namespace sluice
