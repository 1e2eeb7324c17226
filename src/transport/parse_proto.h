// Bytes in protobuf's binary form into a method's request: a gRPC message, a WebSocket's binary frame.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "call/method.h"

namespace sluice::transport {

// Parsing takes long enough to leave the loop: this much may hold 100,000 strings.
inline constexpr size_t kProtoChoreBytes = 256 << 10;

// INVALID_BODY; it names the field when a text is not UTF-8.
absl::StatusOr<MessagePtr> ParseProto(const Method& method, std::string_view bytes);

}  // namespace sluice::transport
