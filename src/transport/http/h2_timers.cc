// Time of an HTTP/2 connection. One timer, armed for the earliest moment at which anything can be due; on its run it
// looks at everything and arms itself again. Traffic hardly ever touches it: a timer that is early costs one look.
// Idle connections and peers that do not read are the host's business: it sees the socket.
#include <algorithm>
#include <utility>

#include "base/long_turn.h"
#include "transport/http/h2_core.h"

namespace sluice::http {
namespace {

// A client that did not answer the shutdown notice within this has had the time to see it.
constexpr Duration kDrainNotice = std::chrono::seconds(1);
constexpr uint8_t kDrainPing[8] = {'s', 'l', 'u', 'i', 'c', 'e', 'g', 'o'};

}  // namespace

void H2Core::ArmBy(TimePoint due) {
  if (due == kNever || timer_due_ <= due || abandoned_) return;
  if (timer_ != 0) loop_.Cancel(timer_);
  timer_due_ = due;
  timer_ = loop_.At(due, [this] { Tick(); });
}

void H2Core::ArmForRequest() { ArmBy(loop_.Now() + std::min(limits_.head_timeout, limits_.body_idle_timeout)); }

void H2Core::Tick() {
  timer_ = 0;
  timer_due_ = kNever;
  const TimePoint now = loop_.Now();
  if (drain_ == DrainPhase::kNotice && now >= drain_due_) FinishDrain();
  TimePoint next = drain_ == DrainPhase::kNotice ? drain_due_ : kNever;
  if (!Closing()) next = std::min(next, CheckStreams(now));
  if (!Closing()) next = std::min(next, CheckPing(now));
  ArmBy(next);
}

TimePoint H2Core::CheckStreams(TimePoint now) {
  TimePoint next = kNever;
  if (!preface_done_ || header_block_ != 0) {
    next = head_started_ + limits_.head_timeout;
    if (now >= next) {
      Terminate(preface_done_ ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_SETTINGS_TIMEOUT);
      return kNever;
    }
  }
  if (unsent_bytes_ > 0 && nghttp2_session_get_remote_window_size(session_) <= 0) {
    const TimePoint due = write_progress_ + limits_.write_idle_timeout;
    if (now >= due) {
      Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
      return kNever;
    }
    next = std::min(next, due);
  }
  for (H2Stream* stream = open_; stream != nullptr; stream = stream->next_) {
    next = std::min({next, CheckBody(*stream, now), CheckResponse(*stream, now)});
  }
  return next;
}

void H2Core::StartWatching(H2Stream& stream) {
  stream.write_progress_ = loop_.Now();
  stream.taken_ = 0;
  if (unsent_bytes_ == 0) write_progress_ = loop_.Now();
  ArmBy(loop_.Now() + limits_.write_idle_timeout);
}

// While memory is short a trickle is not progress.
void H2Core::NoteTaken(H2Stream& stream, size_t bytes) {
  stream.taken_ += bytes;
  if (budget_.Short() && stream.taken_ < Budget::kSmallBytes) return;
  stream.taken_ = 0;
  stream.write_progress_ = write_progress_ = loop_.Now();
}

// A stream whose window is open waits for its turn on a slow connection, which the host watches: only who keeps its
// window shut stalls.
TimePoint H2Core::CheckResponse(H2Stream& stream, TimePoint now) {
  if (stream.closed_ || stream.cut_ || !stream.ResponseWaits()) return kNever;
  // While there are bytes, CheckStreams looks after the connection's window.
  const bool shut = nghttp2_session_get_stream_remote_window_size(session_, stream.id_) <= 0 ||
                    (stream.unsent_ == 0 && nghttp2_session_get_remote_window_size(session_) <= 0);
  if (!shut) return now + limits_.write_idle_timeout;
  const TimePoint due = stream.write_progress_ + limits_.write_idle_timeout;
  if (now < due) return due;
  CutStream(stream, NGHTTP2_CANCEL);
  return kNever;
}

void H2Core::Relieve() {
  if (Closing()) return;
  const TimePoint stale = loop_.Now() - kPatienceShort;
  const bool all_shut = nghttp2_session_get_remote_window_size(session_) <= 0 && write_progress_ <= stale;
  for (H2Stream* stream = open_; stream != nullptr; stream = stream->next_) {
    if (stream->closed_ || stream->cut_) continue;
    const bool body_stands = HoldsMuch(*stream) && stream->progress_ <= stale;
    const bool shut = all_shut || nghttp2_session_get_stream_remote_window_size(session_, stream->id_) <= 0;
    const bool response_stands = stream->unsent_ > Budget::kSmallBytes && shut && stream->write_progress_ <= stale;
    if (!body_stands && !response_stands) continue;
    CutStream(*stream, NGHTTP2_ENHANCE_YOUR_CALM);
    CloseExchange(*stream, stream->CutReason());  // here, and not all of them when the frames are made
    if (!TurnIsLong(loop_)) continue;
    relieve_more_ = true;
    return host_.WantsWrite();
  }
}

// While the handler holds bytes back it is we who are slow.
bool H2Core::TakesBody(const H2Stream& stream) const {
  return stream.head_done_ && !stream.request_ended_ && !stream.response_ended_ && stream.unconsumed_ == 0 &&
         stream.handler_ != nullptr;
}

bool H2Core::AwaitsBody(const H2Stream& stream) const { return TakesBody(stream) && stream.handler_->AwaitsBody(); }

// Of its request, or for it.
bool H2Core::HoldsMuch(const H2Stream& stream) const {
  if (stream.received_ > Budget::kSmallBytes && AwaitsBody(stream)) return true;
  return TakesBody(stream) && stream.handler_->KeptBytes() > Budget::kSmallBytes;
}

TimePoint H2Core::CheckBody(H2Stream& stream, TimePoint now) {
  if (stream.closed_ || stream.cut_ || !stream.head_done_ || stream.request_ended_ || stream.response_ended_) {
    return kNever;
  }
  if (!AwaitsBody(stream)) return now + limits_.body_idle_timeout;
  const TimePoint due = stream.progress_ + limits_.body_idle_timeout;
  if (now < due) return due;
  CutStream(stream, NGHTTP2_CANCEL);
  return kNever;
}

TimePoint H2Core::CheckPing(TimePoint now) {
  if (limits_.ping_interval <= Duration::zero() || !preface_done_) return kNever;
  if (!ping_out_) {
    const TimePoint due = last_receive_ + limits_.ping_interval;
    if (now < due) return due;
    ping_out_ = true;
    ping_sent_ = now;
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
    Wake();
  }
  // The answer waits until a slow peer has read what is before it.
  const TimePoint due = std::max(ping_sent_, host_.PeerProgress()) + limits_.ping_timeout;
  if (now < due) return due;
  Abandon();
  return kNever;
}

// Two steps (RFC 9113, 6.8): a notice that refuses nothing; then, when the client has seen it, the last stream's
// number.
void H2Core::Drain() {
  if (dead_ || drain_ == DrainPhase::kNotice) return;
  if (drain_ == DrainPhase::kFinal) return TellDrain();
  drain_ = DrainPhase::kNotice;
  nghttp2_submit_shutdown_notice(session_);
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, kDrainPing);
  drain_due_ = loop_.Now() + kDrainNotice;
  ArmBy(drain_due_);
  Wake();
}

void H2Core::OnPong(const nghttp2_frame& frame) {
  if (drain_ == DrainPhase::kNotice && std::equal(kDrainPing, kDrainPing + 8, frame.ping.opaque_data)) {
    drain_pong_ = true;
  }
}

void H2Core::FinishDrain() {
  if (drain_ != DrainPhase::kNotice || dead_) return;
  drain_ = DrainPhase::kFinal;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  // Serialised now, so that no stream can come between the number and the frame.
  Pull();
  TellDrain();
  Wake();
}

void H2Core::TellDrain() {
  tell_.clear();  // handlers may end exchanges
  for (const H2Stream* stream = open_; stream != nullptr; stream = stream->next_) tell_.push_back(stream->id_);
  TellSome();
}

void H2Core::TellSome() {
  while (!tell_.empty() && !dead_) {
    H2Stream* const stream = Find(tell_.back());
    tell_.pop_back();
    if (stream == nullptr || stream->handler_ == nullptr) continue;
    Guarded(*stream, [stream] { stream->handler_->OnDrain(); });
    if (TurnIsLong(loop_)) return host_.WantsWrite();
  }
  tell_ = {};
}

}  // namespace sluice::http
