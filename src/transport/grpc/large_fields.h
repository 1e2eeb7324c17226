// Large `bytes` values leave a message for the socket without being copied into a serialised whole: on the wire, fields
// may come in any order.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace sluice::grpc {

// From here on a value is worth a way of its own, out and in (large_value.h).
inline constexpr size_t kLargeBytes = 64 << 10;

// The fields that both ways are for.
bool IsRepeatedBytes(const google::protobuf::FieldDescriptor& field);

// Takes the values of top-level `repeated bytes` fields that hold kLargeBytes or more out of `message`. What it
// returns, joined and put after the serialised rest, is the message: in turn a tag with its length, and a value.
std::vector<std::string> TakeLargeFields(google::protobuf::Message& message);

}  // namespace sluice::grpc
