// Small helpers to walk JSON tokens: members of an object, elements of a list, scalars, and values that nobody wants.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "base/error.h"
#include "json/tokens.h"

namespace sluice::oip {

// INVALID_BODY about the value at the current token: "inputs[0].shape must be a list".
absl::Status WrongValue(const json::Tokens& tokens, std::string_view problem);

// A string's text is appended to `out`.
absl::Status ReadString(json::Tokens& tokens, std::string& out);
absl::Status ReadInteger(json::Tokens& tokens, int64_t& out);
absl::Status ReadBool(json::Tokens& tokens, bool& out);
// Any value, up to 64 deep.
absl::Status SkipValue(json::Tokens& tokens);

// Calls `member(key)` for each member that is not null; it must take the value. A repeated key is an error, and so are
// more than 256 members and long keys.
template <typename Member>
absl::Status ReadObject(json::Tokens& tokens, Member member) {
  constexpr size_t kMembersMax = 256, kKeyBytesMax = 1024;
  if (!tokens.Take('{')) return WrongValue(tokens, "must be an object");
  if (tokens.Take('}')) return absl::OkStatus();
  absl::InlinedVector<std::string, 6> seen;
  do {
    std::string key;
    RETURN_IF_ERROR(ReadString(tokens, key));
    if (key.size() > kKeyBytesMax) return WrongValue(tokens, "has a key that is too long");
    for (const std::string& other : seen) {
      if (other == key) return WrongValue(tokens, "has a duplicate key");
    }
    if (seen.size() == kMembersMax) return WrongValue(tokens, "is one member too many");
    if (!tokens.Take(':')) return WrongValue(tokens, "must have ':' after the key");
    // Typed clients write what is not set as null.
    RETURN_IF_ERROR(tokens.Peek() == 'n' ? SkipValue(tokens) : member(std::string_view(key)));
    seen.push_back(std::move(key));
  } while (tokens.Take(','));
  return tokens.Take('}') ? absl::OkStatus() : WrongValue(tokens, "must continue with ',' or '}'");
}

// Calls `element()` for each element; it must take the value.
template <typename Element>
absl::Status ReadList(json::Tokens& tokens, Element element) {
  if (!tokens.Take('[')) return WrongValue(tokens, "must be a list");
  if (tokens.Take(']')) return absl::OkStatus();
  do {
    RETURN_IF_ERROR(element());
  } while (tokens.Take(','));
  return tokens.Take(']') ? absl::OkStatus() : WrongValue(tokens, "must continue with ',' or ']'");
}

}  // namespace sluice::oip
