// The one place where an absl::Status becomes a gRPC code, an HTTP status and error details.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace sluice {

class Call;

// google.rpc.Code of the status' reason; 0 for OK.
int GrpcCodeOf(const absl::Status& status);
// "OK", "INVALID_ARGUMENT", …: metric label and log field.
std::string_view GrpcCodeName(int code);
int HttpStatusOf(const absl::Status& status);
// Of an error's body in HTTP (RFC 9457).
inline constexpr std::string_view kProblemMediaType = "application/problem+json";
// error_type of a call that has ended, for its metric: model, network, client, overload; "" for OK. As errors.proto says
// for the reason, but a deadline is the client's mistake that was too short (base/short_deadline.h), counted from when
// the request was complete, or that passed before it was.
std::string_view ErrorTypeOf(const Call& call);

// What an error says of its call, so that it can be found.
struct CallIds {
  std::string_view request_id;
  std::string trace_id = {};
};
CallIds IdsOf(const Call& call);

// With ErrorInfo (its metadata has the trace_id), RequestInfo and, where known, BadRequest and RetryInfo.
google::rpc::Status ToRpcStatus(const absl::Status& status, const CallIds& ids);

}  // namespace sluice
