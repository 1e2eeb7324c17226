#include "transport/http/h2_core.h"

#include <algorithm>
#include <utility>

#include "base/long_turn.h"
#include "transport/http/h2_stream_pool.h"

namespace sluice::http {
namespace {

// Frames that nghttp2 owes a peer that does not read; above, we stop reading too.
constexpr size_t kOwedFramesMax = 2'000;
constexpr size_t kOwedFrameBytes = 512;  // one of them, about
constexpr size_t kOwedFramesFree = 16;

}  // namespace

H2Core::H2Core(SessionHost& host, const Limits& limits, Budget& budget)
    : host_(host),
      limits_(limits),
      budget_(budget),
      loop_(host.loop()),
      tab_(budget),
      output_(tab_),
      defence_(limits.resets_per_second_max, limits.control_frames_per_second_max, limits.streams_max, loop_.Now()),
      head_started_(loop_.Now()),
      last_receive_(loop_.Now()) {
  MakeSession();
  SubmitSettings();
  ArmForRequest();
}

H2Core::~H2Core() {
  dying_ = true;
  Lost();
  nghttp2_session_del(session_);
}

void H2Core::Receive(std::string_view bytes) {
  if (dead_ || bytes.empty()) return;
  last_receive_ = loop_.Now();
  ping_out_ = false;
  if (in_.empty()) bytes.remove_prefix(Feed(bytes));
  if (bytes.empty()) return;
  in_.Append(bytes);
  Recharge(in_charged_, in_.capacity());
  host_.WantsWrite();
}

void H2Core::Continue() {
  if (!in_.empty()) {
    // Of a dead session nothing is read: nghttp2 knows streams that are gone, and would begin others.
    in_.Take(dead_ ? in_.size() : Feed(in_.view()));
    Recharge(in_charged_, in_.empty() ? 0 : in_.capacity());
    if (!in_.empty()) host_.WantsWrite();
  }
  if (closing_all_) CloseAll(close_reason_);
  if (std::exchange(sweep_more_, false)) Sweep();
  if (std::exchange(relieve_more_, false) && budget_.Short()) Relieve();
  if (!tell_.empty()) TellSome();
}

size_t H2Core::Feed(std::string_view bytes) {
  size_t taken = 0;
  do {
    const std::string_view rest = bytes.substr(taken);
    const size_t piece = ScanClosedStreams(rest);
    FeedPiece(rest.substr(0, piece));
    taken += piece;
    if (dead_ || terminated_) return bytes.size();
  } while (taken < bytes.size() && !TurnIsLong(loop_));
  return taken;
}

void H2Core::FeedPiece(std::string_view bytes) {
  in_receive_ = true;
  const ssize_t taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (terminated_) {
    // Nothing more is heard.
  } else if (taken == NGHTTP2_ERR_FLOODED) {
    Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  } else if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
    Terminate(NGHTTP2_PROTOCOL_ERROR);
  } else if (taken < 0) {
    Die();
  } else {
    AnswerClosedStreams();
  }
  in_receive_ = false;
  if (std::exchange(drain_pong_, false)) FinishDrain();
  if (open_count_ > 0 || header_block_ != 0) ArmForRequest();
}

bool H2Core::WantsRead() const {
  const bool wants = output_.bytes() < 4 * kH2PendingBytesMax &&
                     (output_.empty() || nghttp2_session_get_outbound_queue_size(session_) < kOwedFramesMax);
  reading_stopped_ = !wants;
  return wants && !dead_ && in_.empty();
}

void H2Core::Wake() {
  if (in_receive_ || in_gather_ || std::exchange(wake_asked_, true)) return;
  host_.WantsWrite();
}

size_t H2Core::Gather(std::span<iovec> out) {
  wake_asked_ = false;
  Pull();
  return output_.Gather(out);
}

void H2Core::Pull() {
  in_gather_ = true;
  while (!dead_ && output_.bytes() < kH2PendingBytesMax) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) Die();
    if (size <= 0) break;
    output_.Append({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
  }
  in_gather_ = false;
  const size_t owed = dead_ ? 0 : nghttp2_session_get_outbound_queue_size(session_);
  Recharge(owed_charged_, owed > kOwedFramesFree ? owed * kOwedFrameBytes : 0);
  // nghttp2 may have ended the connection itself; what it left open ends now.
  if (Closing()) CloseAll(CloseReason::kCut);
}

void H2Core::Written(size_t bytes) {
  output_.Written(bytes);
  if (reading_stopped_ && WantsRead()) host_.WantsRead();
}

bool H2Core::Closing() const {
  return dead_ || (!nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_));
}

bool H2Core::Finished() const { return abandoned_ || (Closing() && output_.empty()); }

void H2Core::Terminate(uint32_t error_code) {
  if (std::exchange(terminated_, true)) return;
  nghttp2_session_terminate_session(session_, error_code);
  CloseAll(CloseReason::kCut);
  Wake();
}

void H2Core::Die() {
  dead_ = true;
  CloseAll(CloseReason::kCut);
  Wake();
}

void H2Core::Abandon() {
  abandoned_ = true;
  Die();
}

void H2Core::Lost() {
  dead_ = abandoned_ = true;
  CloseAll(CloseReason::kLost);
  if (timer_ != 0) loop_.Cancel(std::exchange(timer_, 0));
}

H2Stream* H2Core::OpenStream(int32_t id) {
  H2Stream* const stream = H2StreamPool::Get(*this);
  Recharge(stream->charged_, kExchangeBytes);
  stream->id_ = id;
  stream->next_ = open_;
  if (open_ != nullptr) open_->previous_ = stream;
  open_ = stream;
  ++open_count_;
  nghttp2_session_set_stream_user_data(session_, id, stream);
  return stream;
}

void H2Core::CloseExchange(H2Stream& stream, CloseReason reason) {
  if (std::exchange(stream.closed_, true)) return;
  if (in_headers_ == &stream) in_headers_ = nullptr;
  --open_count_;
  if (const size_t held = std::exchange(stream.unconsumed_, 0); held > 0) {
    budget_.Release(held);
    if (!dead_) nghttp2_session_consume_connection(session_, held);
  }
  stream.DropBody();
  // The handler may still be asked for nothing, but may destroy what its callbacks reach: one owner, out of the stream.
  if (const auto handler = std::move(stream.handler_)) Guarded(stream, [&] { handler->OnClosed(reason); });
  Recharge(stream.charged_, 0);
  stream.DropHeaders();
}

void H2Core::Recharge(size_t& charged, size_t bytes) {
  if (bytes > charged) tab_.Add(bytes - charged);
  if (bytes < charged) tab_.Remove(charged - bytes);
  charged = bytes;
}

void H2Core::CloseAll(CloseReason reason) {
  closing_all_ = true;
  close_reason_ = reason;
  bool any = false;
  for (H2Stream* stream = open_; stream != nullptr;) {
    H2Stream* const next = stream->next_;
    if (!stream->closed_) {
      if (std::exchange(any, true) && !dying_ && TurnIsLong(loop_)) return host_.WantsWrite();
      CloseExchange(*stream, reason);
    }
    // nghttp2 makes no more callbacks once the session is dead; before, OnStreamClose gives the stream back.
    if (dead_ && !in_receive_ && !in_gather_) ReleaseStream(stream);
    stream = next;
  }
  closing_all_ = false;
}

void H2Core::ReleaseStream(H2Stream* stream) {
  (stream->previous_ != nullptr ? stream->previous_->next_ : open_) = stream->next_;
  if (stream->next_ != nullptr) stream->next_->previous_ = stream->previous_;
  H2StreamPool::Put(stream);
}

void H2Core::ScheduleSweep() {
  if (std::exchange(sweep_posted_, true)) return;
  loop_.Post(lifeline_.Bind([this] { Sweep(); }));
}

void H2Core::Sweep() {
  sweep_posted_ = false;
  const size_t low = limits_.response_buffer_bytes / 2;
  for (H2Stream* stream = open_; stream != nullptr; stream = stream->next_) {
    if (stream->cut_ && !stream->closed_) {
      CloseExchange(*stream, stream->CutReason());
      if (!TurnIsLong(loop_)) continue;
      sweep_more_ = true;
      return host_.WantsWrite();
    } else if (stream->above_ && stream->unsent_ <= low && !stream->closed_) {
      stream->above_ = false;
      if (stream->handler_ != nullptr) Guarded(*stream, [stream] { stream->handler_->OnWritable(); });
    }
  }
}

}  // namespace sluice::http
