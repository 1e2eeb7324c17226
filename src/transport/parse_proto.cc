#include "transport/parse_proto.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "transport/invalid_text.h"
#include "transport/message_size.h"

namespace sluice::transport {
namespace {

// Messages below this cannot become large.
constexpr size_t kTinyBytes = 128;
// Parts that are made, and unmade, in a tenth of a millisecond.
constexpr size_t kLongParts = 1000;
constexpr size_t kLongBytes = 512 << 10;  // of numbers that take more than on the wire
constexpr size_t kLookBytesMin = 2 * kLongParts;

}  // namespace

bool IsLongToParse(const Method& method, std::string_view bytes) {
  if (bytes.size() > kProtoChoreBytes) return true;
  if (bytes.size() < kLookBytesMin || method.descriptor == nullptr) return false;
  const MessageSize most{.bytes = 4 * bytes.size() + kLongBytes, .parts = kLongParts};
  const MessageSize size = SizeWhenParsed(*method.descriptor->input_type(), bytes, most);
  return size.parts > most.parts || size.bytes > most.bytes;
}

absl::StatusOr<MessagePtr> Prepared(const Method& method, MessagePtr message, DecodeMemory& memory) {
  if (method.prepare) RETURN_IF_ERROR(method.prepare(*message));
  if (memory.held() < DecodeMemory::kSmallBytes) {
    memory.Keep(0);
    return message;
  }
  const size_t work = method.work_bytes ? method.work_bytes(*message) : 0;
  RETURN_IF_ERROR(memory.Take(work));
  memory.Keep(message->SpaceUsedLong() + work);
  return message;
}

absl::StatusOr<MessagePtr> ParseProto(const Method& method, std::string_view bytes, DecodeMemory& memory) {
  MessagePtr message = method.NewRequest();
  if (bytes.size() > kTinyBytes) {
    const MessageSize most{.bytes = memory.bytes_max(), .parts = method.request_parts_max};
    const MessageSize size = SizeWhenParsed(*message->GetDescriptor(), bytes, most);
    if (size.parts > most.parts) {
      return Error(Reason::BODY_TOO_LARGE,
                   StrCat("the message has more than ", most.parts, " parts; send less per message"));
    }
    RETURN_IF_ERROR(memory.Take(size.bytes));
  }
  if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Prepared(method, std::move(message), memory);
  }
  if (const std::string field = InvalidTextField(*message->GetDescriptor(), bytes); !field.empty()) {
    return FieldError(Reason::INVALID_BODY, field, StrCat(field, " is not valid UTF-8"));
  }
  return Error(Reason::INVALID_BODY, StrCat("the message of ", bytes.size(), " bytes is not a valid ",
                                            message->GetDescriptor()->full_name()));
}

}  // namespace sluice::transport
