#include "call/layers/observe/observe.h"

#include "base/ids.h"
#include "call/layers/observe/access_line.h"

namespace sluice {

std::string ObserveLayer::RequestIdFor(Call& call) {
  const std::string_view given = call.headers().Get("x-request-id");
  if (IsAcceptableRequestId(given)) return std::string(given);
  return random_.With([now = call.loop().clock().WallNow()](Random& random) { return NewUuidV7(now, random); });
}

Step ObserveLayer::Enter(Call& call) {
  call.request_id = RequestIdFor(call);
  call.response_headers().Add("x-request-id", call.request_id);
  call.trace = TraceContextOf(call.headers());
  return Step::kNext;
}

void ObserveLayer::Leave(Call& call) noexcept {
  metrics_.Record(call);
  if (!log_.enabled() || (call.method().quiet && call.outcome().ok())) return;
  thread_local std::string line;
  FormatAccessLine(call, call.loop().clock().WallNow(), line);
  log_.Append(line);
}

}  // namespace sluice
