#include "cli/bench/closed_loop.h"

namespace sluice::cli::bench {
namespace {

constexpr Duration kAfterRefusal = std::chrono::milliseconds(20);
constexpr Duration kCallMax = std::chrono::seconds(10);
constexpr Duration kSweep = std::chrono::milliseconds(100);

}  // namespace

void ClosedLoop::Start() {
  from_ = loop_.clock().Now() + plan_.warm_up;
  to_ = from_ + plan_.lasts;
  running_ = plan_.in_flight;
  Sweep();
  for (size_t i = 0; i < plan_.in_flight; ++i) Next();
}

// One of the `in_flight` goes on, or ends with the time; the last one tells.
void ClosedLoop::Next() {
  const TimePoint now = loop_.clock().Now();
  if (now >= to_) {
    if (--running_ > 0) return;
    loop_.Cancel(sweep_);
    return done_(static_cast<double>(ok_) / (ToMs(plan_.lasts) / 1e3));
  }
  Client::Done done = [this](const Answer& answer) { Answered(answer); };
  if (!client_.Send({.give_up_at = now + kCallMax}, done)) Later(kAfterRefusal);
}

void ClosedLoop::Answered(const Answer& answer) {
  const TimePoint now = loop_.clock().Now();
  const bool ok = Judge(answer, plan_.grpc, Duration::zero(), Duration::zero()) == Outcome::kOk;
  if (ok && now >= from_ && now < to_) ++ok_;
  if (ok) return Next();
  last_bad_ = answer;
  Later(kAfterRefusal);
}

// Calls that a hanging server will not answer end, too.
void ClosedLoop::Sweep() {
  sweep_ = loop_.At(loop_.clock().Now() + kSweep, [this] { Sweep(); });
  client_.Sweep(loop_.clock().Now());
}

void ClosedLoop::Later(Duration wait) {
  loop_.At(loop_.clock().Now() + wait, [this] { Next(); });
}

}  // namespace sluice::cli::bench
