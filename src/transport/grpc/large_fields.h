// Large `bytes` values leave a message for the socket without being copied into a serialised whole: on the wire, fields may come
// in any order.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace sluice::grpc {

// Takes the values of top-level `repeated bytes` fields that hold 64 KiB or more out of `message`. What it returns, joined and
// put behind the serialised rest, is the message: in turn a tag with its length, and a value.
std::vector<std::string> TakeLargeFields(google::protobuf::Message& message);

}  // namespace sluice::grpc
