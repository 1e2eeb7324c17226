// An absl::Status as the Connect protocol says it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "base/headers.h"
#include "call/outcome.h"

namespace sluice::connect {

// {"code":"invalid_argument","message":"texts is empty; …","details":[{"type":"google.rpc.ErrorInfo","value":"…",
//  "debug":{…}}]}: the details that gRPC has, `value` in base64 without padding. `status` is not OK.
std::string ErrorJson(const absl::Status& status, const CallIds& ids);

// The protocol gives each code one HTTP status; a wrong Content-Type (415) and a wrong verb (405) are HTTP's own.
int HttpStatusOf(const absl::Status& status);

// Ends a stream: {"error":{…},"metadata":{"name":["value"]}}, each only when there is any.
std::string EndOfStreamJson(const absl::Status& status, const CallIds& ids, const Headers& trailers);

}  // namespace sluice::connect
