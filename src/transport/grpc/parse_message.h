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

// What is in the frames: protobuf, or JSON in some of Connect's.
struct MessageForm {
  bool protobuf = true;
  absl::StatusOr<MessagePtr> (*parse)(const Method&, std::string_view, DecodeMemory&) = transport::ParseProto;
  size_t chore_bytes = transport::kProtoChoreBytes;  // above, parsing takes long enough to leave the loop
};

// Errors: PROTOCOL_ERROR (compressed, and the request's head named no compression), BODY_TOO_LARGE (inflates to more
// than memory.message_bytes_max()), CANCELLED (`stop` was requested), those of the form's parser.
absl::StatusOr<MessagePtr> ParseMessage(const Method& method, const Deframer::Frame& frame, const MessageForm& form,
                                        bool gzip_allowed, DecodeMemory& memory, const std::stop_token& stop = {});

// Whether this takes too long for a loop.
inline bool IsChore(const Method& method, const Deframer::Frame& frame, const MessageForm& form) {
  if (frame.compressed) return frame.message.size() > transport::kPackedChoreBytes;
  return frame.message.size() > form.chore_bytes || (form.protobuf && transport::IsLongToParse(method, frame.message));
}

}  // namespace sluice::grpc
