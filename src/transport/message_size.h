// What a protobuf message becomes in memory, worked out from its bytes before anything is allocated for it: two bytes
// on the wire may be an object of a hundred.
#pragma once

#include <cstddef>
#include <string_view>

#include "google/protobuf/descriptor.h"

namespace sluice::transport {

struct MessageSize {
  size_t bytes = 0;  // upper bound: objects, texts, lists as they grow, unknown fields, the allocator's share
  size_t parts = 0;  // what is allocated one by one: messages, texts, map entries, unknown fields with a length
};

// Linear, and over as soon as it is above `most` in either. Bytes that are not protobuf count up to where they break:
// parsing will say so. `type` is of the generated pool.
MessageSize SizeWhenParsed(const google::protobuf::Descriptor& type, std::string_view bytes,
                           const MessageSize& most = {SIZE_MAX, SIZE_MAX});

}  // namespace sluice::transport
