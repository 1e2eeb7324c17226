#include "json/tokens.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/error.h"
#include "base/no_memory.h"
#include "base/strings.h"
#include "base/text.h"
#include "json/path.h"
#include "simdjson.h"

namespace sluice::json {
namespace {

using Parser = simdjson::internal::dom_parser_implementation;

// Index memory is four bytes per byte of JSON, touched only where there are tokens; big ones are not kept.
constexpr size_t kCapacityMin = 32 << 10;
constexpr size_t kCapacityKept = 512 << 10;

std::unique_ptr<Parser>& Spare() {
  thread_local std::unique_ptr<Parser> spare;
  return spare;
}

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::string In(std::string_view json, size_t offset) {
  const std::string path = PathAt(json, offset);
  return path.empty() ? std::string("the body") : path;
}

absl::Status Invalid(std::string_view json, size_t offset, std::string_view message) {
  return FieldError(Reason::INVALID_BODY, PathAt(json, offset), message);
}

size_t FirstRawControl(std::string_view json) {
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"') in_string = !in_string;
    if (in_string && static_cast<unsigned char>(json[i]) < 0x20) return i;
    if (in_string && json[i] == '\\') ++i;
  }
  return json.size();
}

}  // namespace

Tokens::Tokens() : parser_(std::move(Spare())) {}

Tokens::~Tokens() {
  if (parser_ != nullptr && parser_->capacity() <= kCapacityKept) Spare() = std::move(parser_);
}

absl::Status Tokens::Scan(std::string_view json) {
  json = WithoutBom(json);
  json_ = json;
  at_ = count_ = 0;
  if (json.empty()) return Error(Reason::INVALID_BODY, "the body is empty; send a JSON value");
  if (LooksLikeUtf16(json)) return Error(Reason::INVALID_BODY, "the body is UTF-16; encode the JSON as UTF-8");
  simdjson::error_code code = simdjson::SUCCESS;
  if (parser_ == nullptr) {
    const size_t capacity = std::max(json.size(), kCapacityMin);
    code = simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, parser_);
  } else if (parser_->capacity() < json.size()) {
    code = parser_->allocate(json.size(), 1);
  }
  if (code == simdjson::SUCCESS) {
    code = parser_->stage1(reinterpret_cast<const uint8_t*>(json.data()), json.size(), simdjson::stage1_mode::regular);
  }
  if (code != simdjson::SUCCESS) return ScanError(code);
  starts_ = parser_->structural_indexes.get();
  count_ = parser_->n_structural_indexes;
  return absl::OkStatus();
}

absl::Status Tokens::Scan(std::string_view json, DecodeMemory& memory) {
  const size_t most = json.size() * sizeof(uint32_t);  // each byte a token
  RETURN_IF_ERROR(memory.Take(most));
  RETURN_IF_ERROR(Scan(json));
  memory.Give(most - std::min<size_t>(most, count_ * sizeof(uint32_t)));
  return absl::OkStatus();
}

std::string_view Tokens::Scalar() const {
  const size_t start = starts_[at_];
  size_t end = starts_[at_ + 1];
  while (end > start + 1 && IsSpace(json_[end - 1])) --end;
  return json_.substr(start, end - start);
}

absl::Status Tokens::ScanError(int code) const {
  switch (code) {
    case simdjson::UTF8_ERROR: {
      const size_t at = FirstInvalidUtf8(json_);
      return Invalid(
          json_, at,
          StrCat(In(json_, at), " is not valid UTF-8 at byte ", at, " of the body; encode the JSON as UTF-8"));
    }
    case simdjson::UNESCAPED_CHARS: {
      const size_t at = FirstRawControl(json_);
      const int byte = at < json_.size() ? static_cast<unsigned char>(json_[at]) : 0;
      return Invalid(json_, at,
                     absl::StrFormat("%s has a raw control character (0x%02x) at byte %d of the body; write it "
                                     "as \\u%04x",
                                     In(json_, at), byte, at, byte));
    }
    case simdjson::UNCLOSED_STRING:
      return Invalid(json_, json_.size(),
                     StrCat("the JSON ends inside a string at byte ", json_.size(), "; send the whole body"));
    case simdjson::EMPTY: return Error(Reason::INVALID_BODY, "the body has only white space; send a JSON value");
    case simdjson::MEMALLOC: return NoMemoryFor(StrCat("the JSON of ", json_.size(), " bytes"));
    default: return Error(Reason::BODY_TOO_LARGE, StrCat("the JSON of ", json_.size(), " bytes is too large to read"));
  }
}

}  // namespace sluice::json
