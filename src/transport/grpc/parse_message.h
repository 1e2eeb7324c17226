// A framed message into the method's request. Pure; runs on a worker when it takes long.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "call/method.h"
#include "transport/grpc/framing.h"
#include "transport/parse_proto.h"

namespace sluice::grpc {

struct ParsedMessage {
  MessagePtr message;
  size_t bytes = 0;  // uncompressed
};

// Errors: PROTOCOL_ERROR (compressed without a grpc-encoding), BODY_TOO_LARGE (inflates to more than `bytes_max`),
// INVALID_BODY.
absl::StatusOr<ParsedMessage> ParseMessage(const Method& method, const Deframer::Frame& frame, bool gzip_allowed,
                                           size_t bytes_max);

// Parsing takes long enough to leave the loop: a kilobyte may inflate to a megabyte.
inline bool IsChore(const Deframer::Frame& frame) {
  return frame.message.size() > (frame.compressed ? 1024 : transport::kProtoChoreBytes);
}

}  // namespace sluice::grpc
