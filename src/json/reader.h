// JSON into a protobuf message by the proto3 JSON rules, through reflection and field tables made once per type.
//
//   ClassifyRequest request;
//   absl::Status status = JsonToMessage(R"({"texts": ["特斯拉发布新款电动车"]})", request);
//
// Both field-name forms are accepted, 64-bit numbers as numbers or strings, enums by name or number, bytes as any
// base64; null leaves a field unset. A repeated key, a second member of a oneof, an unknown field, a lone surrogate and
// text after the end are errors. An error is INVALID_BODY, names the field (FieldOf) and says what was expected:
// "texts[3] must be a string, not a number".
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "base/decode_memory.h"
#include "google/protobuf/message.h"

namespace sluice::json {

struct ReadOptions {
  int depth_max = 64;  // objects and arrays around a value
  bool ignore_unknown_fields = false;
  size_t parts_max = SIZE_MAX;     // messages, texts and map entries of the message; above: BODY_TOO_LARGE
  DecodeMemory* memory = nullptr;  // what reading takes, and the message itself, is taken from here
};

// Merges the JSON object into `out`; fields it does not name keep their values. On error `out` is partly filled.
// The JSON needs no padding and is not changed. `out` may be of any type whose descriptor lives for ever.
absl::Status JsonToMessage(std::string_view json, google::protobuf::Message& out, const ReadOptions& options = {});

// The JSON is the value of one field of `out`, as `body: "items"` asks: for a repeated field an array.
absl::Status JsonToField(std::string_view json, const google::protobuf::FieldDescriptor& field,
                         google::protobuf::Message& out, const ReadOptions& options = {});

}  // namespace sluice::json
