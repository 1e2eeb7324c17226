#include "base/error.h"

#include <array>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"
#include "base/text.h"

namespace sluice {
namespace {

constexpr std::string_view kReasonUrl = "sluice/reason";
constexpr std::string_view kFieldUrl = "sluice/field";
constexpr std::string_view kRetryUrl = "sluice/retry_after_ms";
// Clients of gRPC break on trailers of more than 8 KiB, where a message appears twice, once escaped.
constexpr size_t kMessageBytesMax = 1024;

using Table = std::array<ReasonInfo, ai::inference::Reason_ARRAYSIZE>;

Table BuildTable() {
  Table table{};
  const auto* descriptor = ai::inference::Reason_descriptor();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    const auto* value = descriptor->value(i);
    const auto& options = value->options().GetExtension(ai::inference::reason);
    table[value->number()] = {options.code(), options.http_status(), options.retryable(), options.error_type(),
                              value->name()};
  }
  return table;
}

std::string Payload(const absl::Status& status, std::string_view url) {
  auto payload = status.GetPayload(ToAbsl(url));
  return payload ? std::string(*payload) : std::string();
}

// Whatever a message was made of, it goes out as UTF-8, and neither a header nor a log line breaks on its length.
std::string Shown(std::string_view text, size_t bytes_max) {
  std::string shown = MakeValidUtf8(CutUtf8(text, bytes_max));
  if (text.size() > bytes_max) shown += "...";
  return shown;
}

Reason ClosestReason(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled: return Reason::CANCELLED;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange: return Reason::INVALID_REQUEST;
    case absl::StatusCode::kDeadlineExceeded: return Reason::DEADLINE_EXCEEDED;
    case absl::StatusCode::kNotFound: return Reason::NOT_FOUND;
    case absl::StatusCode::kPermissionDenied: return Reason::PERMISSION_DENIED;
    case absl::StatusCode::kUnauthenticated: return Reason::UNAUTHENTICATED;
    case absl::StatusCode::kResourceExhausted: return Reason::RATE_LIMITED;
    case absl::StatusCode::kUnimplemented: return Reason::UNIMPLEMENTED;
    case absl::StatusCode::kUnavailable: return Reason::OVERLOADED;
    default: return Reason::INTERNAL;
  }
}

}  // namespace

const ReasonInfo& InfoOf(Reason reason) {
  static const Table& table = *new Table(BuildTable());  // never deleted, as SystemClock()
  return table[ai::inference::Reason_IsValid(reason) ? reason : Reason::INTERNAL];
}

absl::Status Error(Reason reason, std::string_view message) {
  const std::string shown = Shown(message, kMessageBytesMax);
  absl::Status status(static_cast<absl::StatusCode>(InfoOf(reason).grpc_code), shown);
  status.SetPayload(ToAbsl(kReasonUrl), absl::Cord(StrCat(static_cast<int>(reason))));
  return status;
}

absl::Status FieldError(Reason reason, std::string_view field, std::string_view message) {
  absl::Status status = Error(reason, message);
  status.SetPayload(ToAbsl(kFieldUrl), absl::Cord(Shown(field, kExcerptBytesMax)));
  return status;
}

Reason ReasonOf(const absl::Status& status) {
  int number = 0;
  if (absl::SimpleAtoi(Payload(status, kReasonUrl), &number)) return static_cast<Reason>(number);
  return ClosestReason(status.code());
}

std::string FieldOf(const absl::Status& status) { return Payload(status, kFieldUrl); }

void SetRetryAfter(absl::Status& status, absl::Duration after) {
  status.SetPayload(ToAbsl(kRetryUrl), absl::Cord(StrCat(absl::ToInt64Milliseconds(after))));
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& status) {
  int64_t ms = 0;
  if (!absl::SimpleAtoi(Payload(status, kRetryUrl), &ms)) return std::nullopt;
  return absl::Milliseconds(ms);
}

}  // namespace sluice
