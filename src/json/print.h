// The walk behind writer.h.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/struct.pb.h"
#include "json/message_table.h"
#include "json/writer.h"

namespace sluice::json {

class JsonPrint {
 public:
  JsonPrint(std::string& out, const WriteOptions& options) : out_(out), options_(options) {}

  void Print(const google::protobuf::Message& message, const MessageTable& table);
  void PrintField(const google::protobuf::Message& message, const FieldEntry& entry);

 private:
  using Message = google::protobuf::Message;
  static constexpr int kSingular = -1;

  // writer.cc
  void PrintMembers(const Message& message, const MessageTable& table, bool first);
  void PrintRepeated(const Message& message, const FieldEntry& entry);
  void PrintMap(const Message& message, const FieldEntry& entry);
  // Element `i` of a repeated field, or kSingular.
  void PrintValue(const Message& message, const FieldEntry& entry, int i);
  template <typename T>
  void PrintLong(T value);
  void PrintEnum(const FieldEntry& entry, int number);
  void PrintBytes(std::string_view bytes);
  bool IsPrinted(const Message& message, const FieldEntry& entry) const;

  // print_known.cc: types with a form of their own.
  void PrintWellKnown(const Message& message, const MessageTable& table);
  void PrintTimes(const Message& message, const MessageTable& table);
  void PrintFieldMask(const Message& message, const MessageTable& table);
  void PrintAny(const Message& message, const MessageTable& table);
  void PrintStruct(const google::protobuf::Struct& value);
  void PrintList(const google::protobuf::ListValue& value);
  void PrintAnyValue(const google::protobuf::Value& value);

  std::string& out_;
  const WriteOptions& options_;
  int depth_ = 0;
};

}  // namespace sluice::json
