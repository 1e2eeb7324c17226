#include "transport/rest/query.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/percent_decode.h"
#include "base/strings.h"
#include "base/text.h"
#include "json/field_value.h"
#include "json/message_table.h"
#include "json/path.h"
#include "json/reader.h"
#include "json/text.h"

namespace sluice::rest {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kParametersMax = 1000;

absl::Status Bad(std::string_view name, std::string_view problem) {
  const std::string place = Excerpt(name, 60);
  return FieldError(Reason::INVALID_REQUEST, place, StrCat("query parameter ", place, " ", problem));
}

const json::FieldEntry& EntryOf(const FieldDescriptor& field) {
  return *json::TableOf(*field.containing_type()).Find(field.name());
}

Message* Descend(Message& out, const json::FieldPath& path) {
  Message* at = &out;
  for (size_t i = 0; i + 1 < path.size(); ++i) at = at->GetReflection()->MutableMessage(at, path[i]);
  return at;
}

// Types whose JSON form is one scalar or string.
bool IsScalar(const FieldDescriptor& field) {
  if (field.is_map()) return false;
  if (field.message_type() == nullptr) return true;
  switch (json::TableOf(*field.message_type()).well_known) {
    case json::WellKnown::kTimestamp:
    case json::WellKnown::kDuration:
    case json::WellKnown::kFieldMask:
    case json::WellKnown::kWrapper: return true;
    default: return false;
  }
}

// The times and masks have string forms: hand them to the JSON reader as such.
std::string SetWellKnown(Message& message, const json::MessageTable& table, std::string_view text) {
  if (table.well_known == json::WellKnown::kWrapper)
    return json::SetScalar(message, table.fields[0], text, json::TextForm::kUrl);
  std::string json;
  json::AppendQuoted(text, json);
  const absl::Status status = json::JsonToMessage(json, message);
  if (status.ok()) return {};
  std::string_view problem = ToStd(status.message());
  constexpr std::string_view kPlace = "the body ";
  if (problem.substr(0, kPlace.size()) == kPlace) problem.remove_prefix(kPlace.size());
  return std::string(problem);
}

class Parameters {
 public:
  Parameters(Message& out, const QueryOptions& options, const FieldDescriptor* body_field)
      : out_(out), options_(options), body_field_(body_field) {}

  absl::Status Apply(std::string_view name, std::string_view text) {
    auto path = json::ResolveFieldPath(*out_.GetDescriptor(), name);
    if (!path) return options_.ignore_unknown ? absl::OkStatus() : Bad(name, "is not a field of this request");
    if (path->front() == body_field_) return Bad(name, "is part of the body; send it there");
    const FieldDescriptor& field = *path->back();
    if (!IsScalar(field))
      return Bad(name, field.is_map() ? "is a map, which a query cannot carry; send it in a body"
                                      : "is a message; name one of its fields, with a dot");
    if (!field.is_repeated() && text.empty()) return absl::OkStatus();  // a form's field that was left out
    if (!field.is_repeated() && !seen_.insert(*path).second) return Bad(name, "is given twice; send it once");
    RETURN_IF_ERROR(CheckOneofs(*path, name));
    return SetFieldFromText(out_, *path, name, text);
  }

 private:
  // A second member of a oneof would silently push out the first.
  absl::Status CheckOneofs(const json::FieldPath& path, std::string_view name) {
    json::FieldPath at;
    for (const FieldDescriptor* field : path) {
      at.push_back(field);
      const auto* oneof = field->real_containing_oneof();
      if (oneof == nullptr) continue;
      for (int i = 0; i < oneof->field_count(); ++i) {
        if (oneof->field(i) == field) continue;
        at.back() = oneof->field(i);
        if (members_.count(at))
          return Bad(name, StrCat("cannot be given together with ", oneof->field(i)->name(), "; send one"));
      }
      at.back() = field;
      members_.insert(at);
    }
    return absl::OkStatus();
  }

  Message& out_;
  const QueryOptions& options_;
  const FieldDescriptor* body_field_;
  std::set<json::FieldPath> seen_, members_;
};

}  // namespace

std::optional<std::string> DecodeParameter(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return PercentDecode(spaced);
}

absl::StatusOr<std::optional<QueryParameter>> QueryReader::Next() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of('&'), rest_.size()));
  if (rest_.empty()) return std::nullopt;
  if (++count_ > kParametersMax) {
    return Error(Reason::INVALID_REQUEST,
                 StrCat("the query has more than ", kParametersMax, " parameters; send fewer"));
  }
  const std::string_view pair = rest_.substr(0, rest_.find('&'));
  rest_.remove_prefix(pair.size());
  const size_t equals = std::min(pair.find('='), pair.size());
  return QueryParameter{pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size()))};
}

absl::Status ApplyQuery(std::string_view query, Message& out, const QueryOptions& options,
                        const FieldDescriptor* body_field) {
  Parameters parameters(out, options, body_field);
  QueryReader reader(query);
  while (true) {
    ASSIGN_OR_RETURN(const auto parameter, reader.Next());
    if (!parameter) return absl::OkStatus();
    const auto name = DecodeParameter(parameter->name);
    const auto text = DecodeParameter(parameter->text);
    if (!name || !text) return Bad(parameter->name, "has a broken percent escape; write %25 for a percent sign");
    RETURN_IF_ERROR(parameters.Apply(*name, *text));
  }
}

absl::Status SetFieldFromText(Message& out, const json::FieldPath& path, std::string_view name, std::string_view text) {
  Message* holder = Descend(out, path);
  const json::FieldEntry& entry = EntryOf(*path.back());
  std::string problem;
  if (entry.message == nullptr) {
    problem = json::SetScalar(*holder, entry, text, json::TextForm::kUrl);
  } else {
    const auto* reflection = holder->GetReflection();
    Message* message =
        entry.repeated ? reflection->AddMessage(holder, entry.field) : reflection->MutableMessage(holder, entry.field);
    problem = SetWellKnown(*message, *entry.message, text);
  }
  return problem.empty()
             ? absl::OkStatus()
             : FieldError(Reason::INVALID_REQUEST, Excerpt(name, 60), StrCat(Excerpt(name, 60), " ", problem));
}

}  // namespace sluice::rest
