#include "transport/oip/json_members.h"

#include "base/strings.h"
#include "json/path.h"
#include "json/scalar_text.h"

namespace sluice::oip {
namespace {

using json::Tokens;

constexpr int kDepthMax = 64;

bool IsScalar(char c) { return c != '\0' && c != '{' && c != '}' && c != '[' && c != ']' && c != ':' && c != ','; }

bool IsLiteral(std::string_view text) {
  return text == "true" || text == "false" || text == "null" || json::IsJsonNumber(text);
}

}  // namespace

absl::Status WrongValue(const Tokens& tokens, std::string_view problem) {
  // The place that the token is in: what it opens does not count.
  const std::string path = json::PathAt(tokens.Text().substr(0, tokens.Offset()), tokens.Offset());
  return FieldError(Reason::INVALID_BODY, path, StrCat(path.empty() ? "the body" : path, " ", problem));
}

absl::Status ReadString(Tokens& tokens, std::string& out) {
  if (tokens.Peek() != '"') return WrongValue(tokens, "must be a string");
  const std::string_view quoted = tokens.Scalar();
  if (quoted.size() < 2 || quoted.back() != '"') return WrongValue(tokens, "must be a string");
  if (const char* problem = json::Unescape(quoted.substr(1, quoted.size() - 2), out))
    return WrongValue(tokens, problem);
  tokens.Advance();
  return absl::OkStatus();
}

absl::Status ReadInteger(Tokens& tokens, int64_t& out) {
  const auto value = IsScalar(tokens.Peek()) ? json::ParseInt64(tokens.Scalar()) : std::nullopt;
  if (!value) return WrongValue(tokens, "must be a whole number");
  out = *value;
  tokens.Advance();
  return absl::OkStatus();
}

absl::Status ReadBool(Tokens& tokens, bool& out) {
  const std::string_view text = IsScalar(tokens.Peek()) ? tokens.Scalar() : std::string_view();
  if (text != "true" && text != "false") return WrongValue(tokens, "must be true or false");
  out = text == "true";
  tokens.Advance();
  return absl::OkStatus();
}

absl::Status SkipValue(Tokens& tokens) {
  struct Skipper {
    Tokens& tokens;
    absl::Status Skip(int depth) {
      if (depth > kDepthMax) return WrongValue(tokens, "is nested too deeply");
      if (tokens.Peek() == '{') return ReadObject(tokens, [&](std::string_view) { return Skip(depth + 1); });
      if (tokens.Peek() == '[') return ReadList(tokens, [&] { return Skip(depth + 1); });
      std::string ignored;
      if (tokens.Peek() == '"') return ReadString(tokens, ignored);
      if (!IsScalar(tokens.Peek()) || !IsLiteral(tokens.Scalar())) return WrongValue(tokens, "is not a JSON value");
      tokens.Advance();
      return absl::OkStatus();
    }
  };
  return Skipper{tokens}.Skip(1);
}

}  // namespace sluice::oip
