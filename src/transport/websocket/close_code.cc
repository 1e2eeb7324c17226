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

std::string CloseReasonOf(const absl::Status& status) {
  if (status.ok()) return {};
  return StrCat(InfoOf(ReasonOf(status)).name, ": ", ToStd(status.message()));
}

}  // namespace sluice::websocket
