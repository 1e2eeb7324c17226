#include <algorithm>

#include "transport/http/connection.h"

namespace sluice::http {
namespace {

constexpr Duration kLingerMax = seconds(1);
constexpr Duration kLingerMaxDraining = std::chrono::milliseconds(200);

}  // namespace

Duration Connection::TickPeriod(const Limits& limits) {
  Duration least = seconds(4);
  for (const Duration d : {limits.head_timeout, limits.write_idle_timeout, limits.keep_alive, limits.connection_age_max,
                           limits.connection_age_grace}) {
    if (d > Duration::zero()) least = std::min(least, d);
  }
  return std::max<Duration>(least / 4, std::chrono::milliseconds(5));
}

void Connection::OnTick() {
  const TimePoint now = context_.loop.Now();
  switch (phase_) {
    case Phase::kProxy:
    case Phase::kSniff: {
      // A plain connection that sent nothing at all may be a browser's spare one; a proxy, TLS and half a preface may
      // not idle.
      const bool begun = !prefix_.empty() || context_.tls != nullptr || phase_ == Phase::kProxy;
      if (now - phase_since_ >= (begun ? context_.limits.head_timeout : context_.limits.keep_alive)) Cut();
      return;
    }
    case Phase::kSession: return TickSession(now);
    case Phase::kLinger:
      if (now - phase_since_ >= (draining_ ? kLingerMaxDraining : kLingerMax)) Cut();
      return;
    case Phase::kGone: return;
  }
}

void Connection::HoldBack(const RequestHead& head, Duration time) {
  if (held_back_ != 0 || phase_ != Phase::kSession || head.peer.client_ip != peer_.socket_ip) return;
  held_back_ = context_.loop.At(context_.loop.Now() + time, [this] {
    held_back_ = 0;
    OnReadable();
  });
}

// Looked at only when the socket takes no more: what a session keeps back for a peer's windows is the session's
// business.
bool Connection::PeerReads(TimePoint now) {
  if (!blocked_) {
    write_progress_ = now;
    return true;
  }
  const bool is_short = context_.budget.Short();
  const uint64_t acknowledged = stream_->Acknowledged();
  // While memory is short a trickle is not progress.
  if (acknowledged - acknowledged_ >= (is_short ? Budget::kSmallBytes : 1)) {
    acknowledged_ = acknowledged;
    write_progress_ = now;
  }
  const Duration patience = context_.limits.write_idle_timeout;
  return now - write_progress_ < (is_short ? std::min(patience, kPatienceShort) : patience);
}

TimePoint Connection::PeerProgress() {
  PeerReads(context_.loop.Now());
  return blocked_ ? write_progress_ : TimePoint::min();
}

void Connection::TickSession(TimePoint now) {
  const Limits& limits = context_.limits;
  if (now >= cut_at_) return Cut();
  if (!PeerReads(now)) return Cut();
  if (context_.budget.Short()) {
    session_->Relieve();
    context_.service.Add(*this);
  }
  const bool idle = session_->open_exchanges() == 0 && exchanges_ == exchanges_at_tick_ && !blocked_;
  exchanges_at_tick_ = exchanges_;
  if (!idle) idle_since_ = now;
  if (now - idle_since_ >= limits.keep_alive || now >= drain_at_) {
    cut_at_ = std::min(cut_at_, now + limits.connection_age_grace);
    idle_since_ = now;
    Drain();
  }
}

}  // namespace sluice::http
