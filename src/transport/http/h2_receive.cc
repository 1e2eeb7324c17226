// Frames in: nghttp2's callbacks, the body of a request and its end.
#include <algorithm>
#include <utility>

#include "transport/http/h2_core.h"

namespace sluice::http {
namespace {

// Frames between two looks at the clock; one that begins, completes or ends a request is worth a look of its own, and
// so are settings, for which nghttp2 may visit every stream.
constexpr int kFramesPerLook = 16;
bool MayTakeLong(const H2FrameScan::Frame& frame) {
  return frame.type == NGHTTP2_HEADERS || frame.type == NGHTTP2_RST_STREAM || frame.type == NGHTTP2_SETTINGS ||
         (frame.type == NGHTTP2_DATA && (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0);
}
// A changed setting may make nghttp2 visit every stream.
constexpr uint32_t kSettingBytes = 6;

}  // namespace

int H2Core::OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* hd, void* self) {
  auto& core = *static_cast<H2Core*>(self);
  if (hd->type != NGHTTP2_CONTINUATION) core.header_block_ = 0;
  switch (hd->type) {
    case NGHTTP2_SETTINGS:
      for (uint32_t i = 0; i <= hd->length / kSettingBytes / 4; ++i) {
        core.Defend(core.defence_.OnControl(core.loop_.Now()));
      }
      break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_WINDOW_UPDATE:
    case NGHTTP2_CONTINUATION:  // nghttp2 bounds these
      break;
    case NGHTTP2_DATA:
      if (hd->length == 0 && (hd->flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        core.Defend(core.defence_.OnControl(core.loop_.Now()));
      }
      break;
    case NGHTTP2_PRIORITY:  // ignored, also by nghttp2
      core.Defend(core.defence_.OnControl(core.loop_.Now()));
      if (hd->stream_id == 0) core.Terminate(NGHTTP2_PROTOCOL_ERROR);
      break;
    case NGHTTP2_RST_STREAM: core.Defend(core.defence_.OnReset(core.loop_.Now())); break;
    case NGHTTP2_PING: core.Defend(core.defence_.OnPing(core.loop_.Now())); break;
    default: core.Defend(core.defence_.OnControl(core.loop_.Now()));
  }
  return 0;
}

size_t H2Core::ScanClosedStreams(std::string_view bytes) {
  return scan_.Feed(bytes, kFramesPerLook, [this](const H2FrameScan::Frame& frame) {
    const bool over = closed_.EndedByPeer(frame.stream);
    if (frame.type == NGHTTP2_RST_STREAM && !over) closed_.Add(frame.stream, true);
    if (frame.type == NGHTTP2_HEADERS && over) headers_on_closed_ = true;
    if (frame.type == NGHTTP2_DATA && over) data_on_closed_.push_back(frame.stream);
    return MayTakeLong(frame) ? kFramesPerLook : 1;
  });
}

void H2Core::AnswerClosedStreams() {
  for (const int32_t id : data_on_closed_) {
    if (terminated_) break;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_STREAM_CLOSED);
    Defend(defence_.OnReset(loop_.Now()));
  }
  data_on_closed_.clear();
  if (headers_on_closed_) Terminate(NGHTTP2_STREAM_CLOSED);
}

void H2Core::Defend(bool allowed) {
  if (!allowed) Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
}

int H2Core::OnInvalidFrame(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
  auto& core = *static_cast<H2Core*>(self);
  core.header_block_ = 0;
  core.Defend(core.defence_.OnReset(core.loop_.Now()));
  return 0;
}

int H2Core::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  auto& core = *static_cast<H2Core*>(self);
  const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      core.header_block_ = 0;
      if (H2Stream* const stream = std::exchange(core.in_headers_, nullptr)) {
        core.OnHeadComplete(*stream, end);
        break;
      }
      [[fallthrough]];
    case NGHTTP2_DATA:
      if (!end) break;
      if (H2Stream* const stream = core.Find(frame->hd.stream_id)) core.OnRequestEnd(*stream);
      break;
    case NGHTTP2_RST_STREAM:
      if (H2Stream* const stream = core.Find(frame->hd.stream_id)) stream->peer_reset_ = true;
      break;
    case NGHTTP2_SETTINGS: core.preface_done_ = true; break;
    case NGHTTP2_PING:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) core.OnPong(*frame);
      break;
    default: break;
  }
  return 0;
}

void H2Core::OnRequestEnd(H2Stream& stream) {
  stream.request_ended_ = true;
  if (stream.handler_ == nullptr || stream.response_ended_ || stream.cut_) return;
  Guarded(stream, [&] { stream.handler_->OnBodyEnd(); });
}

int H2Core::OnDataChunk(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self) {
  auto& core = *static_cast<H2Core*>(self);
  if (H2Stream* const stream = core.Find(id)) {
    core.OnBodyBytes(*stream, {reinterpret_cast<const char*>(data), size});
  } else {
    nghttp2_session_consume(session, id, size);
  }
  return 0;
}

void H2Core::OnBodyBytes(H2Stream& stream, std::string_view bytes) {
  if (stream.BodyRefused(bytes.size())) RefuseBody(stream);
  stream.received_ += bytes.size();
  // While memory is short a trickle is not progress.
  if (!budget_.Short() || stream.received_ - stream.marked_ >= Budget::kSmallBytes) {
    stream.progress_ = loop_.Now();
    stream.marked_ = stream.received_;
  }
  // Nobody reads: the answer is complete, or was given without a codec.
  if (stream.handler_ == nullptr || stream.response_ended_ || stream.cut_) {
    nghttp2_session_consume(session_, stream.id_, bytes.size());
    return;
  }
  budget_.Charge(bytes.size());
  stream.unconsumed_ += bytes.size();
  Guarded(stream, [&] { stream.handler_->OnBody(bytes); });
}

// The host starts no large bodies when memory gets short; when it is used up, large ones under way are refused: their
// peers are told at once instead of waiting for others that wait for them.
bool H2Stream::BodyRefused(size_t bytes) const {
  return received_ + bytes > Budget::kSmallBytes && core_->budget_.Over();
}

void H2Stream::ConsumeBody(size_t bytes) {
  bytes = std::min(bytes, unconsumed_);
  if (bytes == 0 || core_->dead_) return;
  unconsumed_ -= bytes;
  core_->budget_.Release(bytes);
  if (request_ended_) {
    nghttp2_session_consume_connection(core_->session_, bytes);
  } else {
    nghttp2_session_consume(core_->session_, id_, bytes);
  }
  if (!core_->in_receive_ && nghttp2_session_want_write(core_->session_)) core_->Wake();
}

Loop& H2Stream::loop() { return core_->loop_; }

void H2Core::CutStream(H2Stream& stream, uint32_t error_code) {
  if (stream.closed_ || dead_ || std::exchange(stream.cut_, true)) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, error_code);
  ScheduleSweep();
  Wake();
}

void H2Core::RefuseBody(H2Stream& stream) {
  if (stream.handler_ != nullptr && !stream.response_ended_ && !stream.cut_) {
    Guarded(stream, [&] { stream.handler_->OnNoMemory(); });
  }
  if (!stream.response_ended_) GiveUp(stream);
}

void H2Core::GiveUp(H2Stream& stream) {
  stream.no_memory_ = true;
  CutStream(stream, NGHTTP2_ENHANCE_YOUR_CALM);
}

int H2Core::OnStreamClose(nghttp2_session* session, int32_t id, uint32_t, void* self) {
  auto& core = *static_cast<H2Core*>(self);
  if (core.header_block_ == id) core.header_block_ = 0;
  H2Stream* const stream = core.Find(id);
  if (stream == nullptr) return 0;
  const CloseReason reason = stream->cut_             ? stream->CutReason()
                             : stream->response_sent_ ? CloseReason::kDone
                             : stream->peer_reset_    ? CloseReason::kReset
                                                      : CloseReason::kCut;
  if (!stream->peer_reset_) core.closed_.Add(id, stream->request_ended_);
  core.CloseExchange(*stream, reason);
  nghttp2_session_set_stream_user_data(session, id, nullptr);
  core.ReleaseStream(stream);
  return 0;
}

void H2Stream::Recycle() {
  handler_.reset();
  DropBody();
  core_ = nullptr;  // the pool outlives it
  next_ = previous_ = nullptr;
  if (HeapBytes(head_) + trailers_.held_bytes() > kPooledBytesMax) {
    GiveBack(head_);
    GiveBack(trailers_);
  }
  head_.method.clear();
  head_.authority.clear();
  head_.path.clear();
  head_.query.clear();
  head_.upgrade.clear();
  head_.headers.Clear();
  head_.answer_headers.Clear();
  trailers_.Clear();
  received_ = unconsumed_ = marked_ = taken_ = charged_ = header_bytes_ = 0;
  content_length_ = 0;
  has_content_length_ = expect_continue_ = is_head_ = head_too_large_ = head_done_ = request_ended_ = false;
  head_sent_ = response_ended_ = response_sent_ = has_trailers_ = body_deferred_ = above_ = false;
  peer_reset_ = cut_ = no_memory_ = closed_ = false;
}

}  // namespace sluice::http
