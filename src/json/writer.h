// A protobuf message as JSON: the other direction of reader.h.
//
// Names as in the .proto; fields without presence also at their default, `optional` and message fields only when set;
// 64-bit numbers as strings; floats in their shortest form; enums by name (unknown ones by number); bytes as base64;
// NaN and infinities as strings; well-known types in their own form. Compact, fields by number, maps in no fixed order.
#pragma once

#include <string>

#include "google/protobuf/message.h"

namespace sluice::json {

struct WriteOptions {
  bool print_defaults = true;  // fields without presence also at their default; empty arrays and maps too
  bool long_numbers = false;   // 64-bit numbers without quotes, for readers that know no others
};

// Appends to `out`. What JSON cannot say does not fail: a time out of range becomes null, an Any of unknown type keeps
// its bytes as {"@type": …, "value": base64}.
void MessageToJson(const google::protobuf::Message& message, std::string& out, const WriteOptions& options = {});

// One field's value, as `response_body` asks; an unset message field is null.
void FieldToJson(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                 std::string& out, const WriteOptions& options = {});

}  // namespace sluice::json
