#include "cli/bench/h2_connection.h"

#include <absl/strings/numbers.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "cli/bench/dial.h"

namespace sluice::cli::bench {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kGatherBytes = 128 << 10;  // of frames, before they are written
constexpr size_t kProblemBytes = 1 << 10;
constexpr size_t kStreamsMax = 100;  // of a connection, when the server lets it have more
constexpr int32_t kWindow = 1 << 20;

std::string_view View(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

int Number(std::string_view text, int otherwise) {
  int value = 0;
  return absl::SimpleAtoi(ToAbsl(text), &value) ? value : otherwise;
}

}  // namespace

nghttp2_session* H2Connection::NewSession(H2Connection* self) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
  nghttp2_session* session = nullptr;
  nghttp2_session_client_new(&session, callbacks, self);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
                                             {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, 16 * kWindow);
  return session;
}

H2Connection::H2Connection(AsioLoop& loop, UniqueFd socket, const Work& work)
    : work_(work),
      socket_(std::move(socket)),
      watch_(loop.Watch(socket_.get(), *this)),
      session_(NewSession(this)),
      buffer_(kReadBytes) {
  watch_->WantWrite();
}

H2Connection::~H2Connection() { nghttp2_session_del(session_); }

bool H2Connection::MayBegin() const { return nghttp2_session_check_request_allowed(session_) != 0; }

bool H2Connection::HasRoom() const {
  const size_t allowed = nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return !broken_ && streams_.size() < std::min(allowed, kStreamsMax) && MayBegin();
}

void H2Connection::Begin(const std::vector<std::pair<std::string, std::string>>& head, TimePoint give_up_at,
                         Client::Done done) {
  std::vector<nghttp2_nv> fields;
  fields.reserve(head.size());
  for (const auto& [name, value] : head) {
    fields.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), 0});
  }
  const nghttp2_data_provider body{{.ptr = nullptr}, ReadBody};
  const int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                            work_.body.empty() ? nullptr : &body, nullptr);
  if (id < 0) {
    ended_.emplace_back(std::move(done), Answer{});
  } else {
    streams_.emplace(id, Stream{.done = std::move(done), .give_up_at = give_up_at});
  }
  // More calls may begin in this turn; the socket is written when they have.
  watch_->WantWrite();
}

void H2Connection::OnWritable() {
  if (!connected_ && Connected(socket_)) {
    connected_ = true;
    watch_->WantRead();
  }
  if (connected_) {
    Flush();
  } else {
    Break();
  }
  Tell();
}

void H2Connection::Flush() {
  while (!broken_) {
    while (out_.size() - out_sent_ < kGatherBytes) {
      const uint8_t* bytes = nullptr;
      const ssize_t got = nghttp2_session_mem_send(session_, &bytes);
      if (got <= 0) break;
      out_.append(View(bytes, static_cast<size_t>(got)));
    }
    if (out_.size() == out_sent_) return;
    const ssize_t sent = send(socket_.get(), out_.data() + out_sent_, out_.size() - out_sent_, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return watch_->WantWrite();
    if (sent < 0) return Break();
    out_sent_ += static_cast<size_t>(sent);
    if (out_sent_ == out_.size()) out_.clear(), out_sent_ = 0;
  }
}

void H2Connection::OnReadable() {
  const ssize_t got = recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return watch_->WantRead();
  const auto* bytes = reinterpret_cast<const uint8_t*>(buffer_.data());
  if (got <= 0 || nghttp2_session_mem_recv(session_, bytes, static_cast<size_t>(got)) < 0) {
    Break();
  } else {
    watch_->WantRead();
    Flush();
  }
  Tell();
}

void H2Connection::Tell() {
  std::vector<std::pair<Client::Done, Answer>> ended;
  ended.swap(ended_);
  for (auto& [done, answer] : ended) done(answer);
}

void H2Connection::Sweep(TimePoint now) {
  std::vector<Client::Done> over;
  for (auto it = streams_.begin(); it != streams_.end();) {
    if (it->second.give_up_at > now) {
      ++it;
      continue;
    }
    over.push_back(std::move(it->second.done));
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, it->first, NGHTTP2_CANCEL);
    it = streams_.erase(it);
  }
  if (!over.empty()) watch_->WantWrite();
  for (auto& done : over) done({});
}

void H2Connection::Break() {
  broken_ = true;
  watch_.reset();
  for (auto& [id, stream] : streams_) ended_.emplace_back(std::move(stream.done), Answer{});
  streams_.clear();
}

H2Connection::Stream* H2Connection::Find(int32_t id) {
  const auto it = streams_.find(id);
  return it == streams_.end() ? nullptr : &it->second;
}

ssize_t H2Connection::ReadBody(nghttp2_session*, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                               nghttp2_data_source*, void* self) {
  auto& connection = *static_cast<H2Connection*>(self);
  Stream* stream = connection.Find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const std::string& body = connection.work_.body;
  const size_t bytes = std::min(size, body.size() - stream->sent);
  std::copy_n(body.data() + stream->sent, bytes, buffer);
  stream->sent += bytes;
  if (stream->sent == body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(bytes);
}

int H2Connection::OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes,
                           const uint8_t* value, size_t value_bytes, uint8_t, void* self) {
  Stream* stream = static_cast<H2Connection*>(self)->Find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  const std::string_view what = View(name, name_bytes), text = View(value, value_bytes);
  if (what == ":status") {
    stream->answer.status = Number(text, 0);
  } else if (what == "grpc-status") {
    stream->answer.grpc_status = Number(text, 2);
  } else if (what == "grpc-retry-pushback-ms") {
    ReadPushback(text, stream->answer);
  } else if (what == "retry-after") {
    stream->retry_after = text;
  }
  return 0;
}

int H2Connection::OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t bytes, void* self) {
  Stream* stream = static_cast<H2Connection*>(self)->Find(id);
  if (stream != nullptr && stream->answer.status != 200 && stream->problem.size() < kProblemBytes) {
    stream->problem.append(View(data, bytes));
  }
  return 0;
}

int H2Connection::OnClose(nghttp2_session*, int32_t id, uint32_t error, void* self) {
  static_cast<H2Connection*>(self)->Ended(id, error);
  return 0;
}

void H2Connection::Ended(int32_t id, uint32_t error) {
  auto node = streams_.extract(id);
  if (node.empty()) return;
  Stream& stream = node.mapped();
  if (error == NGHTTP2_REFUSED_STREAM) stream.answer.status = 503;  // untouched, to be tried elsewhere
  if (!work_.grpc && stream.answer.status != 200) {
    stream.answer.retry_after = RetryAfter(stream.retry_after, stream.problem);
  }
  ended_.emplace_back(std::move(stream.done), stream.answer);
}

}  // namespace sluice::cli::bench
