#include <memory>

#include "base/strings.h"
#include "base/text.h"
#include "google/protobuf/any.pb.h"
#include "json/field_value.h"
#include "json/reflection.h"
#include "json/scalar_text.h"
#include "json/walk.h"
#include "json/well_known_text.h"

namespace sluice::json {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

// Calls `read` with the generated class behind `out`; a dynamic message gets the result by way of its bytes.
template <typename T, typename Read>
bool AsGenerated(Message& out, Read read) {
  if (T* generated = google::protobuf::DynamicCastToGenerated<T>(&out)) return read(*generated);
  T value;
  return read(value) && out.MergeFromString(value.SerializeAsString());
}

void SetSeconds(Message& out, SecondsNanos value) {
  const auto* descriptor = out.GetDescriptor();
  out.GetReflection()->SetInt64(&out, descriptor->FindFieldByNumber(1), value.seconds);
  out.GetReflection()->SetInt32(&out, descriptor->FindFieldByNumber(2), value.nanos);
}

// A new message of the type that an Any's URL names; null when this program does not know it.
std::unique_ptr<Message> NewMessage(std::string_view url) {
  const size_t slash = url.rfind('/');
  if (slash == std::string_view::npos) return nullptr;
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  const auto* descriptor = pool->FindMessageTypeByName(std::string(url.substr(slash + 1)));
  if (descriptor == nullptr) return nullptr;
  const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  return prototype == nullptr ? nullptr : std::unique_ptr<Message>(prototype->New());
}

}  // namespace

bool JsonWalk::ReadWellKnown(Message& out, const MessageTable& table, const Path& path) {
  switch (table.well_known) {
    case WellKnown::kTimestamp:
    case WellKnown::kDuration: return ReadTimes(out, table, path);
    case WellKnown::kFieldMask: return ReadFieldMask(out, table, path);
    case WellKnown::kAny: return ReadAny(out, table, path);
    case WellKnown::kStruct: return AsGenerated<Struct>(out, [&](Struct& s) { return ReadStruct(s, path); });
    case WellKnown::kListValue: return AsGenerated<ListValue>(out, [&](ListValue& l) { return ReadList(l, path); });
    case WellKnown::kValue: return AsGenerated<Value>(out, [&](Value& v) { return ReadValue(v, path); });
    case WellKnown::kWrapper: return ReadScalar(out, table.fields[0], path);
    case WellKnown::kMessage: break;
  }
  return false;
}

bool JsonWalk::ReadTimes(Message& out, const MessageTable& table, const Path& path) {
  const bool timestamp = table.well_known == WellKnown::kTimestamp;
  std::string text;
  if (tokens_.Peek() != '"') return FailKind(path, timestamp ? "a string of a time" : "a string of a duration");
  if (!ReadString(text, path)) return false;
  const auto value = timestamp ? ParseTimestamp(text) : ParseDuration(text);
  if (!value) {
    return Fail(path, StrCat(timestamp ? "must be a time like \"2026-01-31T10:20:30.5Z\", not \""
                                       : "must be a duration in seconds like \"1.5s\", not \"",
                             Excerpt(text, 40), "\""));
  }
  SetSeconds(out, *value);
  return true;
}

bool JsonWalk::ReadFieldMask(Message& out, const MessageTable& table, const Path& path) {
  std::string text;
  if (!ReadString(text, path)) return false;
  auto paths = ParseFieldMask(text);
  if (!paths)
    return Fail(path, "must be field names in lowerCamelCase with commas between, like \"userName,photo.url\"");
  for (std::string& p : *paths) out.GetReflection()->AddString(&out, table.fields[0].field, std::move(p));
  return true;
}

// Starts after the '{' and returns there.
bool JsonWalk::FindTypeUrl(std::string& url, bool& empty, const Path& path) {
  const uint32_t mark = tokens_.Mark();
  empty = tokens_.Peek() == '}';
  bool found = false;
  std::string scratch;
  for (bool more = !empty; more;) {
    std::string_view key;
    if (!ReadKey(key, scratch, path)) return false;
    const Path member = path.Key(key);
    if (key == "@type") {
      if (found) return Fail(member, "is given twice; send it once");
      url.clear();
      if (!ReadString(url, member)) return false;
      found = true;
    } else if (!SkipValue(member)) {
      return false;
    }
    if (!Next('}', more, path)) return false;
  }
  tokens_.Reset(mark);
  return found || empty || Fail(path, "needs \"@type\", the URL of the message type it holds");
}

bool JsonWalk::ReadAny(Message& out, const MessageTable& table, const Path& path) {
  if (!Open('{', path, "an object")) return false;
  Path inside = path;
  ++inside.depth;
  std::string url;
  bool empty = false;
  if (!FindTypeUrl(url, empty, inside)) return false;
  if (empty) return tokens_.Take('}');
  const auto value = NewMessage(url);
  if (value == nullptr) {
    return Fail(inside.Key("@type"),
                StrCat("names a message type this server does not know: \"", Excerpt(url, 40), "\""));
  }
  if (!ReadAnyValue(*value, inside)) return false;
  out.GetReflection()->SetString(&out, table.fields[0].field, std::move(url));
  out.GetReflection()->SetString(&out, table.fields[1].field, value->SerializePartialAsString());
  return true;
}

// The members of the object around "@type": fields of the message, or one "value" for types with a form of their own.
bool JsonWalk::ReadAnyValue(Message& value, const Path& path) {
  const MessageTable& table = TableOf(*value.GetDescriptor());
  if (table.well_known == WellKnown::kMessage) return ReadMembers(value, table, path, "@type");
  std::string scratch;
  bool seen = false;
  for (bool more = true; more;) {
    std::string_view key;
    if (!ReadKey(key, scratch, path)) return false;
    const Path member = path.Key(key);
    if (key == "value") {
      if (seen) return Fail(member, "is given twice; send it once");
      seen = true;
      if (!ReadMessage(value, table, member)) return false;
    } else if (key == "@type" || options_.ignore_unknown_fields) {
      if (!SkipValue(member)) return false;
    } else {
      return Fail(member, "is not a field here; this type has \"@type\" and \"value\"");
    }
    if (!Next('}', more, path)) return false;
  }
  return seen || Fail(path, "needs \"value\" next to \"@type\"");
}

bool JsonWalk::ReadStruct(Struct& out, const Path& path) {
  return ReadPairs(path, [&](std::string_view key, const Path& member) {
    return ReadValue((*out.mutable_fields())[std::string(key)], member);
  });
}

bool JsonWalk::ReadList(ListValue& out, const Path& path) {
  if (!Open('[', path, "an array")) return false;
  if (tokens_.Take(']')) return true;
  Path inside = path;
  ++inside.depth;
  long i = 0;
  for (bool more = true; more; ++i) {
    if (!ReadValue(*out.add_values(), inside.Index(i)) || !Next(']', more, inside)) return false;
  }
  return true;
}

bool JsonWalk::ReadValue(Value& out, const Path& path) {
  if (!CountPart(path)) return false;
  switch (tokens_.Peek()) {
    case '{': return ReadStruct(*out.mutable_struct_value(), path);
    case '[': return ReadList(*out.mutable_list_value(), path);
    case '"': return ReadString(*out.mutable_string_value(), path);
    default: break;
  }
  if (tokens_.AtEnd()) return FailSyntax(path, "a value");
  const std::string_view text = tokens_.Scalar();
  if (!CheckLiteral(text, path)) return false;
  if (text == "null") {
    out.set_null_value(google::protobuf::NULL_VALUE);
  } else if (text == "true" || text == "false") {
    out.set_bool_value(text == "true");
  } else if (const auto number = ParseDouble(text, /*names=*/false)) {
    out.set_number_value(*number);
  } else {
    return Fail(path, "is a number too large for a 64-bit float");
  }
  tokens_.Advance();
  return true;
}

}  // namespace sluice::json
