#include "transport/parse_proto.h"

#include <string>

#include "base/error.h"
#include "base/strings.h"
#include "transport/invalid_text.h"

namespace sluice::transport {

absl::StatusOr<MessagePtr> ParseProto(const Method& method, std::string_view bytes) {
  MessagePtr message = method.NewRequest();
  if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return message;
  if (const std::string field = InvalidTextField(*message->GetDescriptor(), bytes); !field.empty()) {
    return FieldError(Reason::INVALID_BODY, field, StrCat(field, " is not valid UTF-8"));
  }
  return Error(Reason::INVALID_BODY, StrCat("the message of ", bytes.size(), " bytes is not a valid ",
                                            message->GetDescriptor()->full_name()));
}

}  // namespace sluice::transport
