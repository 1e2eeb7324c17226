// Exchange::Send* → frames. A body waits in its stream's queue until nghttp2's scheduler and flow control ask for it.
#include <algorithm>
#include <string>
#include <utility>

#include "transport/http/h2_core.h"
#include "transport/http/http_date.h"
#include "transport/http/upgrade.h"

namespace sluice::http {
namespace {

// Below this a copy after the frame header is cheaper than an iovec of its own.
constexpr size_t kCopyBytesMax = 4 << 10;

using NvArray = absl::InlinedVector<nghttp2_nv, 24>;

nghttp2_nv Nv(std::string_view name, std::string_view value, uint8_t flags) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), flags};
}

constexpr uint8_t kStatic = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

// Fields that belong to an HTTP/1.1 connection and are errors in HTTP/2.
bool OfConnection(std::string_view name) {
  return name == "connection" || name == "transfer-encoding" || name == "keep-alive" || name == "upgrade" ||
         name == "proxy-connection";
}

// In the peer's table of known fields, and in ours, such a value would only push others out.
bool DiffersInEveryAnswer(std::string_view name) {
  return name == "x-request-id" || name == "server-timing" || name == "x-sluice-predicted-wait-ms" ||
         name == "endpoint-load-metrics";
}

void AddFields(NvArray& nvs, const Headers& headers) {
  for (size_t i = 0; i < headers.size(); ++i) {
    const auto [name, value] = headers[i];
    if (OfConnection(name)) continue;
    nvs.push_back(Nv(name, value, DiffersInEveryAnswer(name) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE));
  }
}

}  // namespace

void H2Stream::SendHead(int status, const Headers& headers, bool end) {
  if (closed_ || cut_ || head_sent_ || core_->dead_) return;
  std::string accept;
  if (status == 101) {
    status = 200;  // extended CONNECT: the stream is the tunnel
    // Of a handshake of HTTP/1.1 that a proxy passes on: its client wants an answer to the key.
    if (const auto key = head_.headers.Find("sec-websocket-key")) accept = WebSocketAccept(*key);
  }
  char digits[3] = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                    static_cast<char>('0' + status % 10)};
  NvArray nvs;
  if (status == 200) {
    nvs.push_back(Nv(":status", "200", kStatic));
  } else {
    nvs.push_back(Nv(":status", {digits, 3}, NGHTTP2_NV_FLAG_NO_COPY_NAME));
  }
  AddFields(nvs, headers);
  AddFields(nvs, head_.answer_headers);
  if (!accept.empty()) nvs.push_back(Nv("sec-websocket-accept", accept, NGHTTP2_NV_FLAG_NO_INDEX));
  nvs.push_back(Nv("server", "sluice", kStatic));
  nvs.push_back(Nv("date", HttpDateNow(core_->loop_.clock()), NGHTTP2_NV_FLAG_NO_COPY_NAME));
  head_sent_ = true;
  // Bodies of HEAD answers are dropped, and theirs end with the head.
  response_ended_ = end || is_head_;
  nghttp2_data_provider body{{.ptr = this}, ReadBody};
  nghttp2_submit_response(core_->session_, id_, nvs.data(), nvs.size(), response_ended_ ? nullptr : &body);
  core_->Wake();
}

void H2Stream::SendBody(std::string bytes, bool end) {
  if (closed_ || cut_ || response_ended_ || core_->dead_) return;
  if (unsent_ == 0) core_->StartWatching(*this);
  unsent_ += bytes.size();
  core_->unsent_bytes_ += bytes.size();
  if (unsent_ >= core_->limits_.response_buffer_bytes) above_ = true;
  // Small pieces are joined, so that what a queue costs is what it holds.
  if (!bytes.empty() && (queue_.empty() || !queue_.back()->TryAppend(bytes, kCopyBytesMax))) {
    queue_.push_back(H2Payload::Make(std::move(bytes), &core_->tab_));
  }
  if (end) EndResponse();
  ResumeBody();
}

void H2Stream::SendTrailers(const Headers& trailers) {
  if (closed_ || cut_ || response_ended_ || core_->dead_) return;
  if (!trailers.empty()) {
    has_trailers_ = true;
    trailers_.AddAll(trailers);
  }
  EndResponse();
  if (!has_trailers_ || unsent_ > 0) return ResumeBody();
  SubmitTrailers();  // behind the last bytes nghttp2 would wait for the window, which trailers do not need
  core_->Wake();
}

void H2Stream::SubmitTrailers() {
  has_trailers_ = false;
  NvArray nvs;
  AddFields(nvs, trailers_);
  nghttp2_submit_trailer(core_->session_, id_, nvs.data(), nvs.size());
}

// The end alone may wait for the window, too.
void H2Stream::EndResponse() {
  response_ended_ = true;
  if (unsent_ == 0) core_->StartWatching(*this);
}

void H2Stream::ResumeBody() {
  if (std::exchange(body_deferred_, false)) nghttp2_session_resume_data(core_->session_, id_);
  core_->Wake();
}

void H2Stream::HoldBack(Duration time) { core_->host_.HoldBack(head_, time); }

void H2Stream::Reset() { core_->CutStream(*this, NGHTTP2_CANCEL); }

ssize_t H2Stream::ReadBody(nghttp2_session*, int32_t, uint8_t* buffer, size_t size, uint32_t* flags,
                           nghttp2_data_source* source, void*) {
  return static_cast<H2Stream*>(source->ptr)->TakeBody(buffer, size, flags);
}

ssize_t H2Stream::TakeBody(uint8_t* buffer, size_t size, uint32_t* flags) {
  const size_t take = std::min(size, unsent_);
  if (take == 0 && !response_ended_) {
    body_deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (response_ended_ && take == unsent_) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (has_trailers_) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      SubmitTrailers();
    }
  }
  if (take <= kCopyBytesMax) {
    PopBody(take, nullptr, buffer);
  } else {
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  }
  return static_cast<ssize_t>(take);
}

int H2Core::SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size,
                     nghttp2_data_source* source, void* self) {
  auto& core = *static_cast<H2Core*>(self);
  if (core.output_.bytes() >= kH2PendingBytesMax) return NGHTTP2_ERR_WOULDBLOCK;
  auto& stream = *static_cast<H2Stream*>(source->ptr);
  // Closed between the question and the frame: the RST_STREAM is queued already.
  if (stream.unsent_ < size) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  core.output_.Append({reinterpret_cast<const char*>(head), 9});
  stream.PopBody(size, &core.output_, nullptr);
  return 0;
}

void H2Stream::PopBody(size_t size, H2Output* out, uint8_t* buffer) {
  unsent_ -= size;
  core_->unsent_bytes_ -= size;
  core_->NoteTaken(*this, size);
  size_t done = 0;
  while (size > 0) {
    H2Payload& front = *queue_[done];
    const size_t part = std::min(size, front.bytes().size() - queue_offset_);
    const std::string_view bytes(front.bytes().data() + queue_offset_, part);
    if (out != nullptr) {
      part > kCopyBytesMax ? out->AppendPart(front, bytes) : out->Append(bytes);
    } else {
      buffer = std::copy_n(bytes.data(), part, buffer);
    }
    size -= part;
    queue_offset_ += part;
    if (queue_offset_ < front.bytes().size()) break;
    front.Unref();
    queue_offset_ = 0;
    ++done;
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(done));
  if (above_ && unsent_ <= core_->limits_.response_buffer_bytes / 2) core_->ScheduleSweep();
}

void H2Stream::DropBody() {
  for (H2Payload* payload : queue_) payload->Unref();
  queue_ = {};
  if (core_ != nullptr) core_->unsent_bytes_ -= unsent_;
  queue_offset_ = unsent_ = 0;
}

int H2Core::OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  auto& core = *static_cast<H2Core*>(self);
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  core.defence_.OnAnswer();
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  H2Stream* const stream = core.Find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  stream->response_sent_ = true;
  // An answer before the request's end: the rest of the request is not wanted.
  if (!stream->request_ended_) {
    nghttp2_submit_rst_stream(core.session_, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

}  // namespace sluice::http
