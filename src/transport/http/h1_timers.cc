#include <utility>

#include "transport/http/h1_core.h"

namespace sluice::http {
namespace {

// A large body waits so long for a budget that is used up; then it is refused, and others that wait can go on.
constexpr Duration kBudgetWaitMax = std::chrono::seconds(1);

}  // namespace

void H1Core::ArmHeadTimer() {
  head_timer_ = loop().At(loop().Now() + limits_.head_timeout, [this] {
    head_timer_ = 0;
    Fault(408, "the request head did not arrive in time");
    host_.WantsWrite();
  });
}

// One timer per body, moved only when it fires: bytes just note their time.
void H1Core::ArmBodyTimer() {
  body_timer_ = loop().At(last_body_ + limits_.body_idle_timeout, [this] {
    body_timer_ = 0;
    if (!AwaitsBody()) return;
    // It is us who do not read, or a stream that may be silent between two messages.
    if (!WantsRead() || (state_ == State::kExchange && MayBeSilent())) last_body_ = loop().Now();
    if (loop().Now() - last_body_ < limits_.body_idle_timeout) return ArmBodyTimer();
    Fault(408, "the request body did not arrive in time");
    host_.WantsWrite();
  });
}

void H1Core::WatchBudget() {
  if (WaitsForBudget() || state_ != State::kExchange || body_ == Body::kEnded) return;
  if (BodyIsUnwanted() || !BudgetIsOver()) return;
  waits_since_ = loop().Now();
  RetryLater();
}

void H1Core::RetryLater() {
  retry_timer_ = loop().At(loop().Now() + std::chrono::milliseconds(Budget::kRetryMs), [this] {
    retry_timer_ = 0;
    if (body_ == Body::kEnded) return;
    if (BodyIsUnwanted() || !BudgetIsOver()) return host_.WantsRead();
    if (loop().Now() - waits_since_ < kBudgetWaitMax || MayBeSilent()) return RetryLater();
    Guarded([this] { handler_->OnNoMemory(); });
    GiveUp();
  });
}

void H1Core::StopTimers() {
  for (Loop::TimerId* timer : {&head_timer_, &body_timer_, &retry_timer_}) Stop(*timer);
}

void H1Core::Stop(Loop::TimerId& timer) {
  if (timer != 0) host_.loop().Cancel(std::exchange(timer, 0));
}

}  // namespace sluice::http
