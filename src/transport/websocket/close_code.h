// A call's status as a WebSocket close code and reason: what docs/streams.md promises.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace sluice::websocket {

// OK: 1000, or 1001 when the server is the one who leaves. SHUTTING_DOWN: 1001. Everything else: 4000 + gRPC code.
uint16_t CloseCodeOf(const absl::Status& status, bool leaving);
// "INVALID_BODY: texts[3] must be …"; empty for OK unless the server leaves. A stream that has to go on elsewhere
// (1001) ends with "; last_sequence=17", that of the last answer (""; there was none). Longer than a close frame takes,
// but not that part.
std::string CloseReasonOf(const absl::Status& status, bool leaving, std::string_view last_sequence);

}  // namespace sluice::websocket
