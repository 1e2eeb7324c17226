// Bytes in protobuf's binary form into a method's request: a gRPC message, a WebSocket's binary frame.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/decode_memory.h"
#include "call/method.h"

namespace sluice::transport {

// Above, parsing may take long enough to leave the loop; IsLongToParse looks closer at what is smaller.
inline constexpr size_t kProtoChoreBytes = 256 << 10;

// Whether the bytes hold so many small things that parsing them takes longer than a loop's turn may.
bool IsLongToParse(const Method& method, std::string_view bytes);

// Errors: INVALID_BODY, which names the field when a text is not UTF-8; BODY_TOO_LARGE when it has more parts, or would
// take more memory, than a request of this method may; OVERLOADED when there is no room for it now; what
// Method::prepare says.
absl::StatusOr<MessagePtr> ParseProto(const Method& method, std::string_view bytes, DecodeMemory& memory);

// The last step of decoding, whatever the wire form: prepares the message, and `memory` keeps what it takes.
absl::StatusOr<MessagePtr> Prepared(const Method& method, MessagePtr message, DecodeMemory& memory);

}  // namespace sluice::transport
