// The walk behind json_reader.h: one JSON text into one message. Members return false on the first error, which stays
// in `status`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "google/protobuf/struct.pb.h"
#include "transport/rest/json_path.h"
#include "transport/rest/json_reader.h"
#include "transport/rest/json_tokens.h"
#include "transport/rest/message_table.h"

namespace sluice::rest {

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
  JsonWalk(JsonTokens& tokens, const JsonReadOptions& options) : tokens_(tokens), options_(options) {}

  bool ReadMessage(google::protobuf::Message& out, const MessageTable& table, const JsonPath& path);
  bool ReadField(google::protobuf::Message& out, const FieldEntry& entry, const JsonPath& path);
  // Nothing may follow the value.
  bool ReadEnd();

  absl::Status status;

 private:
  using Message = google::protobuf::Message;

  // json_walk.cc: objects, arrays, maps.
  bool ReadMembers(Message& out, const MessageTable& table, const JsonPath& path, std::string_view skipped_key);
  bool ReadMember(Message& out, const FieldEntry& entry, const JsonPath& path, NumberSet& oneofs);
  bool ReadRepeated(Message& out, const FieldEntry& entry, const JsonPath& path);
  bool ReadStrings(Message& out, const FieldEntry& entry, const JsonPath& path);
  bool ReadElement(Message& out, const FieldEntry& entry, const JsonPath& path);
  bool ReadMap(Message& out, const FieldEntry& entry, const JsonPath& path);
  bool ReadMapKey(Message& out, const FieldEntry& entry, std::string_view key, const JsonPath& path);
  bool SkipValue(const JsonPath& path);
  // One more part; false above options.parts_max.
  bool CountPart(const JsonPath& path) { return ++parts_ <= options_.parts_max || TooManyParts(path); }
  bool TooManyParts(const JsonPath& path);
  bool UnknownField(const MessageTable& table, const JsonPath& path);

  // json_walk_scalar.cc: strings, numbers, errors.
  bool ReadScalar(Message& out, const FieldEntry& entry, const JsonPath& path);
  bool ReadString(std::string& out, const JsonPath& path);
  // A string without escapes stays where it is; `scratch` holds others.
  bool ReadText(std::string_view& text, std::string& scratch, const JsonPath& path);
  bool ReadKey(std::string_view& key, std::string& scratch, const JsonPath& path);
  bool Open(char bracket, const JsonPath& path, std::string_view expected);
  // After an element: true and `more` on ',', true on `close`, else an error.
  bool Next(char close, bool& more, const JsonPath& path);
  bool CheckLiteral(std::string_view text, const JsonPath& path);
  bool Fail(const JsonPath& path, std::string_view problem);
  bool FailSyntax(const JsonPath& path, std::string_view expected);
  bool FailKind(const JsonPath& path, std::string_view expected);

  // json_walk_known.cc: types with a form of their own.
  bool ReadWellKnown(Message& out, const MessageTable& table, const JsonPath& path);
  bool ReadTimes(Message& out, const MessageTable& table, const JsonPath& path);
  bool ReadFieldMask(Message& out, const MessageTable& table, const JsonPath& path);
  bool ReadAny(Message& out, const MessageTable& table, const JsonPath& path);
  bool ReadAnyValue(Message& value, const JsonPath& path);
  bool FindTypeUrl(std::string& url, bool& empty, const JsonPath& path);
  bool ReadStruct(google::protobuf::Struct& out, const JsonPath& path);
  bool ReadList(google::protobuf::ListValue& out, const JsonPath& path);
  bool ReadValue(google::protobuf::Value& out, const JsonPath& path);

  size_t parts_ = 0;
  JsonTokens& tokens_;
  const JsonReadOptions& options_;
};

}  // namespace sluice::rest
