// Base64 (RFC 4648) both ways: AVX2 where the processor has it, tables elsewhere.
//
// Decoding accepts the standard and the URL-safe alphabet (not both in one text), with or without padding, and nothing
// else: no line breaks, no stray bits in the last character.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::json {

// Where and why a text is not base64. `reason` is a phrase for a client: "has a line break at character 76; …".
struct Base64Error {
  size_t position = 0;
  std::string reason;
};

// Appends the padded standard form of `bytes`.
void Base64Encode(std::string_view bytes, std::string& out);

// Appends the decoded bytes. On failure returns false and fills `error` (when not null); `out` then holds a part.
bool Base64Decode(std::string_view text, std::string& out, Base64Error* error = nullptr);

}  // namespace sluice::json
