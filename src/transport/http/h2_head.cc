// The head of a request: its fields as nghttp2 brings them, what they may take, and what is made of them when it is
// complete.
#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/match.h"
#include "base/strings.h"
#include "transport/http/canonical.h"
#include "transport/http/h2_core.h"

namespace sluice::http {
namespace {

// A header block this many times above the bound is not even read to its end.
constexpr size_t kHeaderBytesFactor = 4;
// A field's place in Headers.
constexpr size_t kFieldBytes = 12;

// Bodies of many messages: their codecs bound each message.
bool IsMessageStream(std::string_view content_type) {
  return content_type.starts_with("application/grpc") || content_type.find("ndjson") != std::string_view::npos ||
         content_type.find("jsonl") != std::string_view::npos;
}

// All answers of a connection share it, by bytes; else nghttp2 would send one after another.
void ShareEvenly(nghttp2_session* session, int32_t stream) {
  constexpr nghttp2_extpri kEven = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};
  nghttp2_session_change_extpri_stream_priority(session, stream, &kEven, /*ignore_client_signal=*/1);
}

std::string_view View(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace

int H2Core::OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  auto& core = *static_cast<H2Core*>(self);
  core.header_block_ = frame->hd.stream_id;
  core.head_started_ = core.loop_.Now();
  core.ignored_header_bytes_ = 0;
  // Trailers of a request are read and dropped.
  core.in_headers_ = nullptr;
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  core.in_headers_ = core.OpenStream(frame->hd.stream_id);
  ShareEvenly(core.session_, frame->hd.stream_id);
  return 0;
}

int H2Core::OnHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size,
                     const uint8_t* value, size_t value_size, uint8_t, void* self) {
  auto& core = *static_cast<H2Core*>(self);
  if (core.terminated_)
    return NGHTTP2_ERR_CALLBACK_FAILURE;  // a block may hold 64 Ki fields that mean nothing any more
  H2Stream* const stream = core.in_headers_;
  if (stream == nullptr || stream->head_too_large_) {
    core.ignored_header_bytes_ += name_size + value_size + 32;
    if (core.ignored_header_bytes_ > kHeaderBytesFactor * core.limits_.header_bytes_max) core.Defend(false);
    return 0;
  }
  if (name_size > 0 && name[0] == ':') {
    stream->AddPseudoHeader(View(name, name_size), View(value, value_size));
  } else {
    stream->AddHeader(View(name, name_size), View(value, value_size));
  }
  return 0;
}

void H2Stream::AddPseudoHeader(std::string_view name, std::string_view value) {
  if (!TakeHeaderBytes(value.size())) {
    // Refused when the head is complete.
  } else if (name == ":path") {
    const size_t mark = value.find('?');
    head_.path = value.substr(0, mark);
    if (mark != std::string_view::npos) head_.query = value.substr(mark + 1);
  } else if (name == ":method") {
    head_.method = value;
    is_head_ = value == "HEAD";
  } else if (name == ":authority") {
    head_.authority = value;
  } else if (name == ":protocol") {
    head_.upgrade = value;
  }
}

void H2Stream::AddHeader(std::string_view name, std::string_view value) {
  Headers& headers = head_.headers;
  const size_t bytes = name.size() + value.size();
  if (!TakeHeaderBytes(headers.size() < core_->limits_.headers_max ? bytes : SIZE_MAX)) return;
  if (name == "content-length") {  // nghttp2 has checked its form
    has_content_length_ = true;
    std::from_chars(value.data(), value.data() + value.size(), content_length_);
  } else if (name == "expect") {
    expect_continue_ = absl::EqualsIgnoreCase(ToAbsl(value), "100-continue");
  } else if (name == "host" && head_.authority.empty()) {
    head_.authority = value;
  }
  AddRequestHeader(name, value, headers);
}

bool H2Stream::TakeHeaderBytes(size_t bytes) {
  const size_t stream_max = core_->limits_.header_bytes_max;
  const size_t cost = bytes + kFieldBytes;
  if (bytes > stream_max || header_bytes_ + bytes > stream_max + kFieldBytes * head_.headers.size() ||
      core_->header_bytes_ + cost > core_->HeaderBytesMax()) {
    head_too_large_ = true;
    DropHeaders();
    return false;
  }
  header_bytes_ += cost;
  core_->header_bytes_ += cost;
  return true;
}

void H2Stream::DropHeaders() {
  core_->header_bytes_ -= std::exchange(header_bytes_, 0);
  if (HeapBytes(head_) <= kPooledBytesMax) return;
  GiveBack(head_.headers);
  for (std::string* text : {&head_.path, &head_.query, &head_.authority}) GiveBack(*text);
}

// A field in the peer's table costs one byte on the wire, so the fields of all streams are bounded, not of each alone.
// Ordinary requests have below 1 KiB.
size_t H2Core::HeaderBytesMax() const {
  return std::max(16 * limits_.header_bytes_max, limits_.streams_max * (size_t{2} << 10));
}

// What a peer may leave unread. It cannot be held up by not reading its frames, because they open the windows.
size_t H2Core::UnsentBytesMax() const { return std::max<size_t>(16 << 20, budget_.bytes_max() / 8); }

void H2Core::OnHeadComplete(H2Stream& stream, bool end) {
  if (stream.closed_) return;
  Recharge(stream.charged_, kExchangeBytes + HeapBytes(stream.head_));
  stream.head_done_ = true;
  stream.request_ended_ = end;
  stream.progress_ = loop_.Now();
  RequestHead& head = stream.head_;
  head.version = Version::kHttp2;
  head.received = loop_.Now();
  head.expects_body = !end && !(stream.has_content_length_ && stream.content_length_ == 0);
  if (stream.head_too_large_) {
    Refuse(stream, 431, "the request's header fields exceed the server's limit; send fewer or shorter ones");
  } else if (stream.has_content_length_ && stream.content_length_ > limits_.body_bytes_max &&
             !IsMessageStream(head.headers.Get("content-type"))) {
    Refuse(stream, 413, StrCat("a body of ", stream.content_length_, " bytes exceeds ", limits_.body_bytes_max));
  } else if (unsent_bytes_ > UnsentBytesMax()) {
    CutStream(stream, NGHTTP2_REFUSED_STREAM);  // not begun: the client may send it again
  } else {
    StartExchange(stream);
  }
}

void H2Core::StartExchange(H2Stream& stream) {
  host_.SetPeer(stream.head_);
  if (stream.is_head_) stream.head_.method = "GET";  // the stream sends no body
  std::unique_ptr<ExchangeHandler> handler;
  Guarded(stream, [&] { handler = host_.OnExchange(stream); });
  if (stream.closed_) return;
  stream.handler_ = std::move(handler);
  if (stream.request_ended_) {
    OnRequestEnd(stream);
  } else if (stream.expect_continue_ && !stream.head_sent_ && stream.head_.expects_body) {
    uint8_t name[] = ":status", value[] = "100";
    const nghttp2_nv nv = {name, value, 7, 3, NGHTTP2_NV_FLAG_NONE};
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, &nv, 1, nullptr);
  }
}

void H2Core::Refuse(H2Stream& stream, int status, std::string_view text) {
  Headers headers;
  headers.Add("content-type", "application/problem+json");
  stream.SendHead(status, headers, false);
  stream.SendBody(StrCat("{\"type\":\"about:blank\",\"status\":", status, ",\"detail\":\"", text, "\"}\n"), true);
}

}  // namespace sluice::http
