#include "admission/breaker/breaker_core.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace sluice {
namespace {

// A probe's outcome is known soon, and an operator's decision nobody knows: the times that clients are given then.
constexpr Duration kProbeTime = std::chrono::seconds(1);
constexpr Duration kRetryMin = std::chrono::milliseconds(100);

}  // namespace

std::string_view ToString(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed: return "closed";
    case BreakerState::kHalfOpen: return "half-open";
    case BreakerState::kOpen: return "open";
  }
  return "";
}

std::string Describe(const BreakerPolicy& policy) {
  switch (policy.grade) {
    case BreakerPolicy::Grade::kErrorRatio:
      return absl::StrFormat("more than %g %% of its calls failed", policy.threshold * 100);
    case BreakerPolicy::Grade::kErrorCount:
      return absl::StrFormat("more than %g of its calls failed", policy.threshold);
    case BreakerPolicy::Grade::kSlowRatio:
      return absl::StrFormat("more than %g %% of its calls took longer than %g ms", policy.threshold * 100,
                             ToMs(policy.slow_above));
  }
  return "";
}

std::optional<Breaker::Pass> Breaker::Enter(TimePoint now) {
  if (forced_) {
    if (*forced_ == BreakerState::kOpen) return std::nullopt;
    return Pass{.epoch = epoch_};
  }
  if (state_ == BreakerState::kOpen && now >= until_) Become(BreakerState::kHalfOpen, now);
  if (state_ == BreakerState::kClosed) return Pass{.epoch = epoch_};
  if (state_ == BreakerState::kOpen || probing_) return std::nullopt;
  probing_ = true;
  return Pass{.epoch = epoch_, .probe = true};
}

void Breaker::Leave(const Pass& pass, Result result, Duration took, TimePoint now) {
  if (pass.epoch != epoch_) return;
  if (pass.probe) probing_ = false;
  if (result == Result::kNotCounted) return;
  const bool fault = result == Result::kFault;
  const bool slow = policy_.grade == BreakerPolicy::Grade::kSlowRatio && took > policy_.slow_above;
  window_.Add(now, fault, slow);
  if (forced_) return;
  if (state_ == BreakerState::kHalfOpen) {
    const bool bad = policy_.grade == BreakerPolicy::Grade::kSlowRatio ? slow : fault;
    return Become(bad ? BreakerState::kOpen : BreakerState::kClosed, now);
  }
  if (IsAbove(window_.Sum(now))) Become(BreakerState::kOpen, now);
}

bool Breaker::IsAbove(const CallWindow::Counts& counts) const {
  if (counts.calls < policy_.min_calls) return false;
  switch (policy_.grade) {
    case BreakerPolicy::Grade::kErrorCount: return counts.faults > policy_.threshold;
    case BreakerPolicy::Grade::kErrorRatio: return counts.faults > policy_.threshold * counts.calls;
    case BreakerPolicy::Grade::kSlowRatio:
      return counts.slow > policy_.threshold * counts.calls || (policy_.threshold >= 1 && counts.slow == counts.calls);
  }
  return false;
}

void Breaker::Become(BreakerState state, TimePoint now) {
  state_ = state;
  ++epoch_;
  probing_ = false;
  if (state == BreakerState::kOpen) until_ = now + policy_.open_for;
  if (state != BreakerState::kHalfOpen) window_.Clear();
}

void Breaker::Force(std::optional<BreakerState> state) {
  forced_ = state;
  state_ = BreakerState::kClosed;
  ++epoch_;
  probing_ = false;
  window_.Clear();
}

Breaker::Refusal Breaker::WhyRefused(TimePoint now) const {
  if (forced_) return {"an operator opened its breaker", std::max(policy_.open_for, kRetryMin)};
  if (state_ != BreakerState::kHalfOpen) return {Describe(policy_), std::max(RetryAfter(now), kRetryMin)};
  return {Describe(policy_) + ", and one call tries it now", std::clamp(policy_.open_for, kRetryMin, kProbeTime)};
}

Duration Breaker::RetryAfter(TimePoint now) const {
  if (forced_ || state_ != BreakerState::kOpen) return {};
  return std::max(until_ - now, Duration::zero());
}

}  // namespace sluice
