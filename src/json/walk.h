// The walk behind reader.h: one JSON text into one message. Members return false on the first error, which stays
// in `status`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "google/protobuf/struct.pb.h"
#include "json/message_table.h"
#include "json/path.h"
#include "json/reader.h"
#include "json/tokens.h"

namespace sluice::json {

// Small set of small numbers.
class NumberSet {
 public:
  // False when `i` was in already.
  bool Insert(uint32_t i) {
    uint64_t& word = i < 64 ? low_ : High(i);
    const uint64_t bit = uint64_t{1} << (i % 64);
    if (word & bit) return false;
    word |= bit;
    return true;
  }

 private:
  uint64_t& High(uint32_t i) {
    if (high_.size() < i / 64) high_.resize(i / 64);
    return high_[i / 64 - 1];
  }
  uint64_t low_ = 0;
  std::vector<uint64_t> high_;
};

class JsonWalk {
 public:
  JsonWalk(Tokens& tokens, const ReadOptions& options) : tokens_(tokens), options_(options) {}

  bool ReadMessage(google::protobuf::Message& out, const MessageTable& table, const Path& path);
  bool ReadField(google::protobuf::Message& out, const FieldEntry& entry, const Path& path);
  // Nothing may follow the value.
  bool ReadEnd();

  absl::Status status;

 private:
  using Message = google::protobuf::Message;

  // walk.cc: objects, arrays, maps.
  bool ReadMembers(Message& out, const MessageTable& table, const Path& path, std::string_view skipped_key);
  bool ReadMember(Message& out, const FieldEntry& entry, const Path& path, NumberSet& fields, NumberSet& oneofs);
  bool ReadRepeated(Message& out, const FieldEntry& entry, const Path& path);
  bool ReadStrings(Message& out, const FieldEntry& entry, const Path& path);
  bool ReadElement(Message& out, const FieldEntry& entry, const Path& path);
  bool ReadMap(Message& out, const FieldEntry& entry, const Path& path);
  // An object with any keys, each once: `take(key, path)` reads a value.
  template <typename Take>
  bool ReadPairs(const Path& path, Take take);
  bool ReadMapKey(Message& out, const FieldEntry& entry, std::string_view key, const Path& path);
  bool SkipValue(const Path& path);
  // One more part; false above options.parts_max.
  bool CountPart(const Path& path) { return ++parts_ <= options_.parts_max || TooManyParts(path); }
  bool TooManyParts(const Path& path);
  bool UnknownField(const MessageTable& table, const Path& path);

  // walk_scalar.cc: strings, numbers, errors.
  bool ReadScalar(Message& out, const FieldEntry& entry, const Path& path);
  bool ReadString(std::string& out, const Path& path);
  // A string without escapes stays where it is; `scratch` holds others.
  bool ReadText(std::string_view& text, std::string& scratch, const Path& path);
  bool ReadKey(std::string_view& key, std::string& scratch, const Path& path);
  bool Open(char bracket, const Path& path, std::string_view expected);
  // After an element: true and `more` on ',', true on `close`, else an error.
  bool Next(char close, bool& more, const Path& path);
  bool CheckLiteral(std::string_view text, const Path& path);
  bool Fail(const Path& path, std::string_view problem);
  bool FailSyntax(const Path& path, std::string_view expected);
  bool FailKind(const Path& path, std::string_view expected);

  // walk_known.cc: types with a form of their own.
  bool ReadWellKnown(Message& out, const MessageTable& table, const Path& path);
  bool ReadTimes(Message& out, const MessageTable& table, const Path& path);
  bool ReadFieldMask(Message& out, const MessageTable& table, const Path& path);
  bool ReadAny(Message& out, const MessageTable& table, const Path& path);
  bool ReadAnyValue(Message& value, const Path& path);
  bool FindTypeUrl(std::string& url, bool& empty, const Path& path);
  bool ReadStruct(google::protobuf::Struct& out, const Path& path);
  bool ReadList(google::protobuf::ListValue& out, const Path& path);
  bool ReadValue(google::protobuf::Value& out, const Path& path);

  size_t parts_ = 0;
  Tokens& tokens_;
  const ReadOptions& options_;
};

template <typename Take>
bool JsonWalk::ReadPairs(const Path& path, Take take) {
  if (!Open('{', path, "an object")) return false;
  if (tokens_.Take('}')) return true;
  Path inside = path;
  ++inside.depth;
  absl::flat_hash_set<std::string> keys;
  std::string scratch;
  for (bool more = true; more;) {
    std::string_view key;
    if (!ReadKey(key, scratch, inside)) return false;
    const Path member = inside.Key(key);
    if (!keys.insert(std::string(key)).second) return Fail(member, "is given twice; send it once");
    if (!take(key, member) || !Next('}', more, inside)) return false;
  }
  return true;
}

}  // namespace sluice::json
