// Errors as application/problem+json (RFC 9457).
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/headers.h"

namespace sluice::rest {

// {"type":"urn:sluice:error:INVALID_BODY","title":"Invalid body","status":400,"detail":"texts[3] must be …",
//  "reason":"INVALID_BODY","request_id":"…","trace_id":"…","field_violations":[{"field":"texts[3]","description":"…"}],
//  "retry_after_ms":1500}: the last two only when the status names a field or a time; no ids that are empty.
// `status` is not OK. Its message goes to the client as it is: whoever makes a status writes it for clients.
std::string ProblemJson(const absl::Status& status, std::string_view request_id, std::string_view trace_id = {});

// What an error's head says whatever its body looks like: retry-after in whole seconds, rounded up, when the status
// names a time, and `allow` (the verbs of a VERB_NOT_ALLOWED, else empty).
// The Allow header of a path that takes these verbs: HEAD comes with GET, OPTIONS with all.
void AddAllow(std::string_view verbs, Headers& headers);

void AddErrorHeaders(const absl::Status& status, std::string_view allow, Headers& headers);

}  // namespace sluice::rest
