#include "json/walk.h"

#include "base/error.h"
#include "base/strings.h"
#include "json/field_value.h"
#include "json/reflection.h"

namespace sluice::json {

bool JsonWalk::ReadMessage(Message& out, const MessageTable& table, const Path& path) {
  if (table.well_known != WellKnown::kMessage) return ReadWellKnown(out, table, path);
  if (!Open('{', path, "an object")) return false;
  Path inside = path;
  ++inside.depth;
  return ReadMembers(out, table, inside, {});
}

// `path` is the object's own, with its depth already counted; the keys hang below it.
bool JsonWalk::ReadMembers(Message& out, const MessageTable& table, const Path& path, std::string_view skipped_key) {
  if (tokens_.Take('}')) return true;
  NumberSet fields, oneofs;
  std::string scratch;
  for (bool more = true; more;) {
    std::string_view key;
    if (!ReadKey(key, scratch, path)) return false;
    const FieldEntry* entry = table.Find(key);
    const Path member = path.Key(key);
    if (entry != nullptr) {
      if (!ReadMember(out, *entry, member, fields, oneofs)) return false;
    } else if (options_.ignore_unknown_fields || (!skipped_key.empty() && key == skipped_key)) {
      if (!SkipValue(member)) return false;
    } else {
      return UnknownField(table, member);
    }
    if (!Next('}', more, path)) return false;
  }
  return true;
}

// null leaves a field unset, except where null is a value: as if it were not there at all, so that a client may send
// both names of a field with null for one of them.
bool JsonWalk::ReadMember(Message& out, const FieldEntry& entry, const Path& path, NumberSet& fields,
                          NumberSet& oneofs) {
  if (tokens_.Peek() == 'n') {
    if (!CheckLiteral(tokens_.Scalar(), path)) return false;
    const bool is_value = entry.message != nullptr && entry.message->well_known == WellKnown::kValue;
    if (entry.repeated || entry.map || !(is_value || entry.null_value)) {
      tokens_.Advance();
      return true;
    }
  }
  if (!fields.Insert(entry.index)) return Fail(path, "is given twice; send it once");
  if (entry.oneof >= 0 && !oneofs.Insert(static_cast<uint32_t>(entry.oneof))) {
    return Fail(path, StrCat("cannot be given together with another member of the oneof '",
                             entry.field->containing_oneof()->name(), "'; send one of them"));
  }
  return ReadField(out, entry, path);
}

bool JsonWalk::ReadField(Message& out, const FieldEntry& entry, const Path& path) {
  if (entry.map) return ReadMap(out, entry, path);
  if (entry.repeated) return ReadRepeated(out, entry, path);
  return ReadElement(out, entry, path);
}

// A singular field's value, or one more of a repeated field.
bool JsonWalk::ReadElement(Message& out, const FieldEntry& entry, const Path& path) {
  if (entry.message == nullptr) {
    if (entry.type == FieldDescriptor::CPPTYPE_STRING && !CountPart(path)) return false;
    return ReadScalar(out, entry, path);
  }
  if (!CountPart(path)) return false;
  const auto* reflection = out.GetReflection();
  Message* message =
      entry.repeated ? reflection->AddMessage(&out, entry.field) : reflection->MutableMessage(&out, entry.field);
  return ReadMessage(*message, *entry.message, path);
}

bool JsonWalk::ReadRepeated(Message& out, const FieldEntry& entry, const Path& path) {
  if (!Open('[', path, "an array")) return false;
  if (tokens_.Take(']')) return true;
  Path inside = path;
  ++inside.depth;
  if (entry.type == FieldDescriptor::CPPTYPE_STRING && !entry.bytes) return ReadStrings(out, entry, inside);
  long i = 0;
  for (bool more = true; more; ++i) {
    const Path element = inside.Index(i);
    if (!ReadElement(out, entry, element) || !Next(']', more, inside)) return false;
  }
  return true;
}

// The common large array: no message, no table, one move a text.
bool JsonWalk::ReadStrings(Message& out, const FieldEntry& entry, const Path& path) {
  const auto* reflection = out.GetReflection();
  long i = 0;
  for (bool more = true; more; ++i) {
    std::string text;
    if (!CountPart(path) || !ReadString(text, path.Index(i)) || !Next(']', more, path)) return false;
    reflection->AddString(&out, entry.field, std::move(text));
  }
  return true;
}

bool JsonWalk::ReadMap(Message& out, const FieldEntry& entry, const Path& path) {
  const FieldEntry& key_entry = entry.message->fields[0];
  const FieldEntry& value_entry = entry.message->fields[1];
  return ReadPairs(path, [&](std::string_view key, const Path& member) {
    if (!CountPart(member)) return false;
    Message* pair = out.GetReflection()->AddMessage(&out, entry.field);
    return ReadMapKey(*pair, key_entry, key, member) && ReadElement(*pair, value_entry, member);
  });
}

bool JsonWalk::ReadMapKey(Message& out, const FieldEntry& entry, std::string_view key, const Path& path) {
  std::string problem = SetScalar(out, entry, key, TextForm::kUrl);
  // One number, one spelling: else 1 and 1.0 would be the same key twice.
  const bool number = entry.type != FieldDescriptor::CPPTYPE_STRING && entry.type != FieldDescriptor::CPPTYPE_BOOL;
  if (problem.empty() && number && (key == "-0" || key.find_first_not_of("-0123456789") != std::string_view::npos)) {
    problem = StrCat("must be ", Expectation(entry), " in plain digits");
  }
  return problem.empty() || Fail(path, StrCat("has a bad key: it ", problem));
}

bool JsonWalk::TooManyParts(const Path& path) {
  const std::string place = path.ToString();
  status = Error(Reason::BODY_TOO_LARGE, StrCat("at ", place, " the message has more than ", options_.parts_max,
                                                " parts; send less per message"));
  return false;
}

// Unknown fields may hold anything, as long as it is JSON.
bool JsonWalk::SkipValue(const Path& path) {
  const char first = tokens_.Peek();
  std::string scratch;
  if (first == '"') {
    std::string_view text;
    return ReadText(text, scratch, path);
  }
  if (first != '{' && first != '[') {
    if (!CheckLiteral(tokens_.AtEnd() ? std::string_view() : tokens_.Scalar(), path)) return false;
    tokens_.Advance();
    return true;
  }
  if (!Open(first, path, "a value")) return false;
  const char close = first == '{' ? '}' : ']';
  if (tokens_.Take(close)) return true;
  Path inside = path;
  ++inside.depth;
  long i = 0;
  for (bool more = true; more; ++i) {
    std::string_view key;
    if (first == '{' && !ReadKey(key, scratch, inside)) return false;
    if (!SkipValue(first == '{' ? inside.Key(key) : inside.Index(i)) || !Next(close, more, inside)) return false;
  }
  return true;
}

bool JsonWalk::ReadEnd() {
  if (tokens_.AtEnd()) return true;
  status = Error(Reason::INVALID_BODY,
                 StrCat("the JSON value ends, but more text follows at byte ", tokens_.Offset(), "; send one value"));
  return false;
}

}  // namespace sluice::json
