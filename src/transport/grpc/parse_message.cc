#include "transport/grpc/parse_message.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "transport/gzip.h"
#include "transport/parse_proto.h"

namespace sluice::grpc {

absl::StatusOr<ParsedMessage> ParseMessage(const Method& method, const Deframer::Frame& frame, const MessageForm& form,
                                           bool gzip_allowed, size_t bytes_max, const std::stop_token& stop) {
  std::string_view bytes = frame.message;
  std::string inflated;
  if (frame.compressed) {
    if (!gzip_allowed)
      return Error(Reason::PROTOCOL_ERROR, "a compressed message, and the request's head names no encoding");
    RETURN_IF_ERROR(transport::Inflate(bytes, bytes_max, inflated, transport::Inflater::Format::kGzip, stop));
    bytes = inflated;
  }
  ASSIGN_OR_RETURN(MessagePtr message, form.parse(method, bytes));
  size_t total = bytes.size();
  if (frame.large != nullptr) {
    total += frame.large->bytes.size();
    if (!PutLargeValue(*message, std::move(*frame.large))) return Error(Reason::INTERNAL, "a value lost its place");
  }
  return ParsedMessage{.message = std::move(message), .bytes = total};
}

}  // namespace sluice::grpc
