// A call's status as a WebSocket close code and reason: what docs/streams.md promises.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace sluice::websocket {

// OK: 1000, or 1001 when the server is the one who leaves. SHUTTING_DOWN: 1001. Everything else: 4000 + gRPC code.
uint16_t CloseCodeOf(const absl::Status& status, bool leaving);
// "INVALID_BODY: texts[3] must be …"; empty for OK. Longer than a close frame takes.
std::string CloseReasonOf(const absl::Status& status);

}  // namespace sluice::websocket
