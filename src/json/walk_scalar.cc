#include <cstring>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "json/field_value.h"
#include "json/scalar_text.h"
#include "json/walk.h"

namespace sluice::json {
namespace {

constexpr int kFieldNamesMax = 12;

std::string_view KindOf(char first) {
  switch (first) {
    case '"': return "a string";
    case '{': return "an object";
    case '[': return "an array";
    case 't':
    case 'f': return "a boolean";
    case 'n': return "null";
    default: return "a number";
  }
}

}  // namespace

bool JsonWalk::ReadScalar(Message& out, const FieldEntry& entry, const Path& path) {
  const char first = tokens_.Peek();
  if (first == '"') {
    std::string_view text;
    std::string scratch;
    if (!ReadText(text, scratch, path)) return false;
    const std::string problem = SetScalar(out, entry, text, TextForm::kString);
    return problem.empty() || Fail(path, problem);
  }
  if (first == '{' || first == '[') return FailKind(path, Expectation(entry));
  if (tokens_.AtEnd()) return FailSyntax(path, "a value");
  const std::string_view text = tokens_.Scalar();
  if (first == 'n' && entry.null_value) {
    if (!CheckLiteral(text, path)) return false;
    tokens_.Advance();
    SetScalar(out, entry, "0", TextForm::kBare);
    return true;
  }
  if (entry.type == google::protobuf::FieldDescriptor::CPPTYPE_STRING) return FailKind(path, Expectation(entry));
  const std::string problem = SetScalar(out, entry, text, TextForm::kBare);
  if (!problem.empty()) return CheckLiteral(text, path) && Fail(path, problem);
  tokens_.Advance();
  return true;
}

bool JsonWalk::ReadString(std::string& out, const Path& path) {
  if (tokens_.Peek() != '"') return FailKind(path, "a string");
  const std::string_view token = tokens_.Scalar();
  const std::string_view inside = token.substr(1, token.size() - 2);
  tokens_.Advance();
  if (std::memchr(inside.data(), '\\', inside.size()) == nullptr) {
    out.assign(inside);
    return true;
  }
  out.clear();
  out.reserve(inside.size());
  const char* problem = Unescape(inside, out);
  return problem == nullptr || Fail(path, problem);
}

bool JsonWalk::ReadText(std::string_view& text, std::string& scratch, const Path& path) {
  const std::string_view token = tokens_.Scalar();
  tokens_.Advance();
  text = token.substr(1, token.size() - 2);
  if (std::memchr(text.data(), '\\', text.size()) == nullptr) return true;
  scratch.clear();
  const char* problem = Unescape(text, scratch);
  text = scratch;
  return problem == nullptr || Fail(path, problem);
}

bool JsonWalk::ReadKey(std::string_view& key, std::string& scratch, const Path& path) {
  if (tokens_.Peek() != '"') return FailSyntax(path, "a key in double quotes");
  if (!ReadText(key, scratch, path)) return false;
  return tokens_.Take(':') || FailSyntax(path.Key(key), "':'");
}

bool JsonWalk::Open(char bracket, const Path& path, std::string_view expected) {
  if (tokens_.Peek() != bracket) return FailKind(path, expected);
  if (path.depth >= options_.depth_max) {
    return Fail(path, StrCat("is nested deeper than ", options_.depth_max, " levels; send a flatter value"));
  }
  tokens_.Advance();
  return true;
}

bool JsonWalk::Next(char close, bool& more, const Path& path) {
  if (tokens_.Take(',')) return true;
  more = false;
  return tokens_.Take(close) || FailSyntax(path, close == '}' ? "',' or '}'" : "',' or ']'");
}

// True for a number, true, false or null.
bool JsonWalk::CheckLiteral(std::string_view text, const Path& path) {
  if (text == "null" || text == "true" || text == "false" || IsJsonNumber(text)) return true;
  return FailSyntax(path, "a value");
}

bool JsonWalk::Fail(const Path& path, std::string_view problem) {
  const std::string place = path.ToString();
  const std::string message = StrCat(place.empty() ? "the body" : place, " ", problem);
  status = place.empty() ? Error(Reason::INVALID_BODY, message) : FieldError(Reason::INVALID_BODY, place, message);
  return false;
}

bool JsonWalk::FailSyntax(const Path& path, std::string_view expected) {
  const std::string place = path.ToString();
  const std::string in = place.empty() ? std::string() : StrCat(" in ", place);
  std::string message;
  if (tokens_.AtEnd()) {
    message = StrCat("the JSON ends after ", tokens_.Offset(), " bytes", in, ": expected ", expected,
                     "; send the whole body");
  } else {
    const std::string_view rest = tokens_.Text().substr(tokens_.Offset(), 200);
    message =
        StrCat("invalid JSON at byte ", tokens_.Offset(), in, ": expected ", expected, ", found ", Excerpt(rest, 20));
  }
  status = place.empty() ? Error(Reason::INVALID_BODY, message) : FieldError(Reason::INVALID_BODY, place, message);
  return false;
}

bool JsonWalk::FailKind(const Path& path, std::string_view expected) {
  const char first = tokens_.Peek();
  if (tokens_.AtEnd()) return FailSyntax(path, "a value");
  if (first != '"' && first != '{' && first != '[' && !CheckLiteral(tokens_.Scalar(), path)) return false;
  return Fail(path, StrCat("must be ", expected, ", not ", KindOf(first)));
}

bool JsonWalk::UnknownField(const MessageTable& table, const Path& path) {
  std::string names;
  int count = 0;
  for (const FieldEntry& entry : table.fields) {
    if (++count > kFieldNamesMax) break;
    names += StrCat(count == 1 ? "" : ", ", entry.field->name());
  }
  if (count > kFieldNamesMax) names += ", …";
  return Fail(path, StrCat("is not a field of this request", names.empty() ? "" : "; fields here: ", names));
}

}  // namespace sluice::json
