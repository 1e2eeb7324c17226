// Query parameters into the fields of a message: "page_size=10&filter.label=cat&ids=1&ids=2".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "json/http_rule.h"

namespace sluice::rest {

struct QueryOptions {
  bool ignore_unknown = false;
};

// Names are field paths with dots, by .proto name or json_name; a repeated field takes its parameter several times;
// values follow the JSON rules of their type without the quotes, and times, durations, masks and wrappers come as their
// JSON text. '+' is a space. A field given twice, an unknown one, a message and a map are INVALID_REQUEST naming the
// parameter. `body_field` (may be null) is filled by the body and cannot be given here.
absl::Status ApplyQuery(std::string_view query, google::protobuf::Message& out, const QueryOptions& options = {},
                        const google::protobuf::FieldDescriptor* body_field = nullptr);

// "name=value" as it is in a query, escapes and all.
struct QueryParameter {
  std::string_view name, text;
};

// Takes the parameters off the front of a query, one at a time. Empty ones are skipped.
class QueryReader {
 public:
  explicit QueryReader(std::string_view query) : rest_(query) {}
  // Nullopt: there are no more. INVALID_REQUEST after the thousandth: more than any request needs, and a loop reads them.
  absl::StatusOr<std::optional<QueryParameter>> Next();

 private:
  std::string_view rest_;
  size_t count_ = 0;
};

// A name or value as it is in a query: '+' is a space, %XX a byte. Nullopt: a broken escape.
std::optional<std::string> DecodeParameter(std::string_view text);

// Sets the field that `path` leads to, from URL text. A path variable or a parameter; `name` is for the message.
absl::Status SetFieldFromText(google::protobuf::Message& out, const json::FieldPath& path, std::string_view name,
                              std::string_view text);

}  // namespace sluice::rest
