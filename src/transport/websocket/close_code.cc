#include "transport/websocket/close_code.h"

#include "base/error.h"
#include "base/strings.h"
#include "call/outcome.h"
#include "transport/websocket/frame.h"

namespace sluice::websocket {

uint16_t CloseCodeOf(const absl::Status& status, bool leaving) {
  if (status.ok()) return leaving ? kGoingAway : kNormal;
  if (ReasonOf(status) == Reason::SHUTTING_DOWN) return kGoingAway;
  return static_cast<uint16_t>(kStatusBase + GrpcCodeOf(status));
}

std::string CloseReasonOf(const absl::Status& status, bool leaving, std::string_view last_sequence) {
  if (status.ok() && !leaving) return {};
  std::string reason =
      status.ok() ? "GOING_AWAY: connect again" : StrCat(InfoOf(ReasonOf(status)).name, ": ", ToStd(status.message()));
  if (CloseCodeOf(status, leaving) == kGoingAway && !last_sequence.empty()) {
    reason += StrCat("; last_sequence=", last_sequence);
  }
  return reason;
}

}  // namespace sluice::websocket
