// The circuit breaker's state machine, for one rule and one model version. Pure: time comes in, nothing goes out.
//
//   closed ──(rule holds at the end of a call)──► open ──(open_for passed)──► half-open: one probe at a time
//      ▲                                           ▲                              │
//      │                                           └───────(probe fails)──────────┤
//      └───────────────────────────(probe succeeds)───────────────────────────────┘
//
// The rule is Alibaba Sentinel's (slots/block/degrade): it is looked at when a call ends, needs min_calls in the
// window, and opens strictly above its threshold; a slow ratio of 1 opens at 1. Differences: the window slides; what
// was let in before a change of state never decides the next one (each pass carries the epoch that it belongs to).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "admission/breaker/window.h"
#include "base/clock.h"

namespace sluice {

struct BreakerPolicy {
  enum class Grade { kSlowRatio, kErrorRatio, kErrorCount };
  Grade grade = Grade::kErrorRatio;
  double threshold = 0.5;  // kErrorRatio and kSlowRatio: 0 to 1; kErrorCount: calls
  Duration slow_above = {};
  Duration open_for = std::chrono::seconds(10);
  uint32_t min_calls = 5;
  Duration interval = std::chrono::seconds(1);
};

// "more than 50 % of its calls failed"
std::string Describe(const BreakerPolicy& policy);

enum class BreakerState { kClosed, kHalfOpen, kOpen };
// "closed", "half-open", "open".
std::string_view ToString(BreakerState state);

// Not thread-safe.
class Breaker {
 public:
  // Of a call that was let in.
  struct Pass {
    uint64_t epoch = 0;
    bool probe = false;
  };
  enum class Result {
    kGood,
    kFault,       // the server's: the model failed, or its time ran out while it computed
    kNotCounted,  // the client's fault, our own refusal, cancelled: says nothing of the model
  };

  explicit Breaker(const BreakerPolicy& policy) : policy_(policy), window_(policy.interval) {}

  // Nothing: refused. Every pass is given to Leave once.
  std::optional<Pass> Enter(TimePoint now);
  void Leave(const Pass& pass, Result result, Duration took, TimePoint now);

  // By hand: stays in that state (kClosed or kOpen) until Force(nullopt), which begins anew as closed.
  void Force(std::optional<BreakerState> state);
  bool forced() const { return forced_.has_value(); }

  BreakerState state() const { return forced_.value_or(state_); }
  // Of a call that is refused now.
  struct Refusal {
    std::string why;        // "more than 50 % of its calls failed"
    Duration try_again_in;  // when it may be otherwise; never 0
  };
  Refusal WhyRefused(TimePoint now) const;
  // Until the next probe may pass; 0 when it is not open, or for good.
  Duration RetryAfter(TimePoint now) const;
  CallWindow::Counts Counts(TimePoint now) const { return window_.Sum(now); }
  const BreakerPolicy& policy() const { return policy_; }

 private:
  bool IsAbove(const CallWindow::Counts& counts) const;
  void Become(BreakerState state, TimePoint now);

  BreakerPolicy policy_;
  CallWindow window_;
  BreakerState state_ = BreakerState::kClosed;
  std::optional<BreakerState> forced_;
  uint64_t epoch_ = 0;
  bool probing_ = false;  // half-open: its probe is under way
  TimePoint until_;       // open: when a probe may pass
};

}  // namespace sluice
