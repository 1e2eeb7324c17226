#include "call/layers/log_room/log_room.h"

#include "call/call.h"

namespace sluice {
namespace {
constexpr auto kRetry = std::chrono::milliseconds(50);
}  // namespace

Step LogRoomLayer::Enter(Call& call) {
  if (call.method().quiet || !log_.Congested()) return Step::kNext;
  LookAgain(call.weak_from_this());
  return Step::kPark;
}

void LogRoomLayer::LookAgain(const std::weak_ptr<Call>& weak) {
  const auto call = weak.lock();
  if (call == nullptr || call->done()) return;
  Loop& loop = call->loop();
  loop.At(loop.Now() + kRetry, [this, weak] {
    const auto call = weak.lock();
    if (call == nullptr || call->done()) return;
    if (log_.Congested()) return LookAgain(weak);
    call->Resume();
  });
}

}  // namespace sluice
