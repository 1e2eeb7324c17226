// Errors of the API: an absl::Status that carries a Reason (proto/ai/inference/errors.proto).
//
//   return Error(Reason::INVALID_IMAGE, "the image ends after 9675 bytes; send the whole file");
//
// The status code follows from the reason's options. A message says what happened, to what, and what to do; it is shown
// to the client, so it never holds paths, exception texts or other internals.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ai/inference/errors.pb.h"

namespace sluice {

using ai::inference::Reason;

// What the table says of a reason.
struct ReasonInfo {
  int grpc_code;  // google.rpc.Code
  int http_status;
  bool retryable;
  std::string_view error_type;  // model, network, client, overload
  std::string_view name;        // "INVALID_IMAGE"
};

const ReasonInfo& InfoOf(Reason reason);

// `reason` must not be REASON_UNSPECIFIED.
absl::Status Error(Reason reason, std::string_view message);

// Error() with the request field at fault, e.g. "texts[3]"; becomes a BadRequest detail.
absl::Status FieldError(Reason reason, std::string_view field, std::string_view message);

// A status made elsewhere (no reason attached) counts as INTERNAL, or the closest reason for its code.
Reason ReasonOf(const absl::Status& status);

// Empty when the status names no field.
std::string FieldOf(const absl::Status& status);

// When a retry makes sense, at the earliest. Becomes Retry-After, RetryInfo and grpc-retry-pushback-ms.
void SetRetryAfter(absl::Status& status, absl::Duration after);
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);

}  // namespace sluice

// The two macros of the project: leave the function with the error.
#define SLUICE_CONCAT_INNER(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_INNER(a, b)
#define RETURN_IF_ERROR(expr)                                         \
  do {                                                                \
    if (absl::Status status_ = (expr); !status_.ok()) return status_; \
  } while (false)
#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_RETURN_INNER(SLUICE_CONCAT(statusor_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                           \
  if (!tmp.ok()) return tmp.status();          \
  lhs = std::move(*tmp)
