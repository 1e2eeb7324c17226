#include "transport/grpc/parse_message.h"

#include <string>

#include "base/error.h"
#include "base/strings.h"
#include "transport/grpc/invalid_text.h"
#include "transport/gzip.h"

namespace sluice::grpc {

absl::StatusOr<ParsedMessage> ParseMessage(const Method& method, const Deframer::Frame& frame, bool gzip_allowed,
                                           size_t bytes_max) {
  std::string_view bytes = frame.message;
  std::string inflated;
  if (frame.compressed) {
    if (!gzip_allowed) return Error(Reason::PROTOCOL_ERROR, "a compressed message without a grpc-encoding");
    RETURN_IF_ERROR(transport::Inflate(bytes, bytes_max, inflated));
    bytes = inflated;
  }
  ParsedMessage parsed{.message = method.NewRequest(), .bytes = bytes.size()};
  if (parsed.message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return parsed;
  if (const std::string field = InvalidTextField(*parsed.message->GetDescriptor(), bytes); !field.empty()) {
    return FieldError(Reason::INVALID_BODY, field, StrCat(field, " is not valid UTF-8"));
  }
  return Error(Reason::INVALID_BODY, StrCat("the message of ", bytes.size(), " bytes is not a valid ",
                                            parsed.message->GetDescriptor()->full_name()));
}

}  // namespace sluice::grpc
