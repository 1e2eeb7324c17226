// A framed message into the method's request. Pure; runs on a worker when it takes long.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string_view>

#include "absl/status/statusor.h"
#include "call/method.h"
#include "transport/grpc/framing.h"
#include "transport/gzip.h"
#include "transport/parse_proto.h"

namespace sluice::grpc {

struct ParsedMessage {
  MessagePtr message;
  size_t bytes = 0;  // uncompressed
};

// What is in the frames: protobuf, or JSON in some of Connect's.
struct MessageForm {
  bool protobuf = true;
  absl::StatusOr<MessagePtr> (*parse)(const Method&, std::string_view) = transport::ParseProto;
  size_t chore_bytes = transport::kProtoChoreBytes;  // above, parsing takes long enough to leave the loop
};

// Errors: PROTOCOL_ERROR (compressed, and the request's head named no compression), BODY_TOO_LARGE (inflates to more than
// `bytes_max`), INVALID_BODY, CANCELLED (`stop` was requested).
absl::StatusOr<ParsedMessage> ParseMessage(const Method& method, const Deframer::Frame& frame, const MessageForm& form,
                                           bool gzip_allowed, size_t bytes_max, const std::stop_token& stop = {});

// A kilobyte may inflate to a megabyte.
inline bool IsChore(const Deframer::Frame& frame, const MessageForm& form) {
  return frame.message.size() > (frame.compressed ? transport::kPackedChoreBytes : form.chore_bytes);
}

}  // namespace sluice::grpc
