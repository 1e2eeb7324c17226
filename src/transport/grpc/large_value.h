// A large `bytes` value on its way in goes from the socket's pieces straight into the string that the message will
// hold: parsing the whole would copy it once more. The counterpart of large_fields.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "google/protobuf/message.h"

namespace sluice::grpc {

// One value of a top-level `repeated bytes` field. In the rest of the message an empty value keeps its place.
struct LargeValue {
  int field = 0;  // number
  int index = 0;  // among the field's values
  std::string bytes;
};

// Where such a value of kLargeBytes (large_fields.h) or more is in a message of `message_bytes` that begins with
// `start`.
struct LargePlace {
  int field = 0;
  int index = 0;
  size_t tag_end = 0;  // offsets in the message: after the tag, of the value's first byte, after its last
  size_t begin = 0, end = 0;
};
// The first whose tag and length are in `start`. Nullopt also where `start` is not protobuf: parsing will say so.
std::optional<LargePlace> FindLargeValue(const google::protobuf::Descriptor& type, std::string_view start,
                                         size_t message_bytes);

// Into the message parsed from the rest. False when that has no such place.
bool PutLargeValue(google::protobuf::Message& message, LargeValue&& value);

}  // namespace sluice::grpc
