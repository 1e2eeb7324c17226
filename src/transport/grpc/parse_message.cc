#include "transport/grpc/parse_message.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "transport/gzip.h"
#include "transport/parse_proto.h"

namespace sluice::grpc {

absl::StatusOr<MessagePtr> ParseMessage(const Method& method, const Deframer::Frame& frame, const MessageForm& form,
                                        bool gzip_allowed, DecodeMemory& memory, const std::stop_token& stop) {
  std::string_view bytes = frame.message;
  std::string inflated;
  if (frame.compressed) {
    if (!gzip_allowed)
      return Error(Reason::PROTOCOL_ERROR, "a compressed message, but the request's headers name no encoding");
    RETURN_IF_ERROR(transport::Inflate(bytes, memory.message_bytes_max(), inflated, transport::Inflater::Format::kGzip,
                                       stop, &memory));
    bytes = inflated;
  }
  if (frame.large != nullptr) RETURN_IF_ERROR(memory.Take(frame.large->bytes.size()));
  ASSIGN_OR_RETURN(MessagePtr message, form.parse(method, bytes, memory));
  if (frame.large != nullptr) {
    memory.Keep(memory.taken() + frame.large->bytes.capacity());
    if (!PutLargeValue(*message, std::move(*frame.large)))
      return Error(Reason::INTERNAL, "a large value could not be placed");
  }
  return message;
}

}  // namespace sluice::grpc
