#include "transport/http/canonical.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "base/strings.h"

namespace sluice::http {
namespace {

// What clients and operating systems call the types that we take, and what they are registered as.
constexpr std::pair<std::string_view, std::string_view> kMediaTypes[] = {
    {"image/jpg", "image/jpeg"},
    {"image/pjpeg", "image/jpeg"},
    {"image/x-jpeg", "image/jpeg"},
    {"image/x-jpg", "image/jpeg"},
    {"image/jfif", "image/jpeg"},
    {"image/x-png", "image/png"},
    {"image/x-webp", "image/webp"},
    {"text/json", "application/json"},
    {"text/x-json", "application/json"},
    {"application/x-json", "application/json"},
    {"application/ndjson", "application/x-ndjson"},
    {"application/jsonl", "application/x-ndjson"},
    {"application/x-jsonl", "application/x-ndjson"},
    {"application/jsonlines", "application/x-ndjson"},
    {"application/x-jsonlines", "application/x-ndjson"},
    {"application/x-json-lines", "application/x-ndjson"},
    {"application/json-lines", "application/x-ndjson"},
    {"text/x-ndjson", "application/x-ndjson"},
    {"text/jsonl", "application/x-ndjson"},
    {"application/protobuf", "application/proto"},
    {"application/x-protobuf", "application/proto"},
    {"video/mjpeg", "video/x-motion-jpeg"},
    {"video/x-mjpeg", "video/x-motion-jpeg"},
    {"audio/x-wav", "audio/wav"},
    {"audio/wave", "audio/wav"},
    {"audio/vnd.wave", "audio/wav"},
};

constexpr std::string_view kCodingHeaders[] = {
    "content-encoding",     "accept-encoding",          "grpc-encoding",
    "grpc-accept-encoding", "connect-content-encoding", "connect-accept-encoding"};

bool HasUpper(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(ToAbsl(text)); }

void AddContentType(std::string_view value, Headers& headers) {
  const std::string_view type = value.substr(0, std::min(value.find_first_of("; \t,"), value.size()));
  const std::string lower = HasUpper(type) ? Lower(type) : std::string();
  const std::string_view usual = UsualMediaType(lower.empty() ? type : lower);
  if (usual == type) return headers.Add("content-type", value);
  headers.Add("content-type", StrCat(usual, value.substr(type.size())));
}

void AddCodings(std::string_view name, std::string_view value, Headers& headers) {
  const bool old_name = value.find("x-") != std::string_view::npos || value.find("X-") != std::string_view::npos;
  if (!old_name && !HasUpper(value)) return headers.Add(name, value);
  headers.Add(name, UsualCodings(value));
}

}  // namespace

void AddRequestHeader(std::string_view name, std::string_view value, Headers& headers) {
  if (name == "content-type") return AddContentType(value, headers);
  if (name.ends_with("-encoding") &&
      std::find(std::begin(kCodingHeaders), std::end(kCodingHeaders), name) != std::end(kCodingHeaders)) {
    return AddCodings(name, value, headers);
  }
  headers.Add(name, value);
}

std::string UsualCodings(std::string_view value) { return absl::StrReplaceAll(Lower(value), {{"x-gzip", "gzip"}}); }

std::string_view UsualMediaType(std::string_view type) {
  for (const auto& [other, usual] : kMediaTypes) {
    if (type == other) return usual;
  }
  return type;
}

bool HasToken(const Headers& headers, std::string_view name, std::string_view token) {
  for (size_t i = 0; i < headers.size(); ++i) {
    if (headers[i].name != name) continue;
    for (std::string_view rest = headers[i].value; !rest.empty();) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const auto one = absl::StripAsciiWhitespace(ToAbsl(rest.substr(0, comma)));
      if (absl::EqualsIgnoreCase(one, ToAbsl(token))) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

std::string JoinedHeader(const Headers& headers, std::string_view name) {
  std::string joined;
  for (size_t i = 0; i < headers.size(); ++i) {
    if (headers[i].name == name) joined.append(joined.empty() ? "" : ", ").append(headers[i].value);
  }
  return joined;
}

}  // namespace sluice::http
