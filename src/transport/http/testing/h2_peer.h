// The other end of an HTTP/2 session in tests: a host in simulated time whose handlers the test scripts, and an nghttp2
// client that talks to it in memory.
#pragma once

#include <nghttp2/nghttp2.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/fake_loop.h"
#include "transport/http/h2_session.h"

namespace sluice::http {

// What happened to one exchange; outlives it.
struct ExchangeLog {
  Exchange* exchange = nullptr;
  RequestHead head;
  std::string body;
  bool ended = false;
  int writable = 0;
  int closed = 0;
  CloseReason reason{};
  bool consume = true;  // give body bytes back at once
  bool awaits_body = true;
  size_t kept_bytes = 0;
  std::function<void()> on_drain;
  std::function<void(ExchangeLog&)> on_body, on_end, on_no_memory, on_writable, on_closed;
};

class LoggingHandler final : public ExchangeHandler {
 public:
  explicit LoggingHandler(std::shared_ptr<ExchangeLog> log) : log_(std::move(log)) {}
  void OnBody(std::string_view bytes) override {
    log_->body += bytes;
    if (log_->consume) log_->exchange->ConsumeBody(bytes.size());
    if (log_->on_body) log_->on_body(*log_);
  }
  void OnBodyEnd() override {
    log_->ended = true;
    if (log_->on_end) log_->on_end(*log_);
  }
  void OnNoMemory() override {
    if (log_->on_no_memory) log_->on_no_memory(*log_);
  }
  void OnWritable() override {
    ++log_->writable;
    if (log_->on_writable) log_->on_writable(*log_);
  }
  bool AwaitsBody() const override { return log_->awaits_body; }
  size_t KeptBytes() const override { return log_->kept_bytes; }
  void OnDrain() override {
    if (log_->on_drain) log_->on_drain();
  }
  void OnClosed(CloseReason reason) override {
    ++log_->closed;
    log_->reason = reason;
    if (log_->on_closed) log_->on_closed(*log_);
    log_->exchange = nullptr;
  }

 private:
  std::shared_ptr<ExchangeLog> log_;
};

class TestHost final : public SessionHost {
 public:
  Loop& loop() override { return loop_; }
  const Peer& peer() const override { return peer_; }
  std::unique_ptr<ExchangeHandler> OnExchange(Exchange& exchange) override {
    auto log = std::make_shared<ExchangeLog>();
    log->exchange = &exchange;
    log->head = exchange.head();
    log->on_drain = on_drain;
    logs.push_back(log);
    if (on_exchange) on_exchange(*log);
    return std::make_unique<LoggingHandler>(std::move(log));
  }
  void SetPeer(RequestHead& head) override {
    head.peer = peer_;
    if (answer_headers) head.answer_headers.Add("x-gate", "1");
  }
  void WantsWrite() override { ++wants_write; }
  void WantsRead() override { ++wants_read; }

  FakeLoop loop_;
  Peer peer_;
  std::vector<std::shared_ptr<ExchangeLog>> logs;
  std::function<void(ExchangeLog&)> on_exchange;
  std::function<void()> on_drain;
  bool answer_headers = false;
  int wants_write = 0;
  int wants_read = 0;
};

// As most tests answer.
inline void Respond(ExchangeLog& log, int status = 200, std::string body = "ok") {
  Headers headers;
  headers.Add("content-type", "text/plain");
  log.exchange->SendHead(status, headers, false);
  log.exchange->SendBody(std::move(body), true);
}

inline void EchoAtEnd(TestHost& host) {
  host.on_exchange = [](ExchangeLog& log) { log.on_end = [](ExchangeLog& l) { Respond(l, 200, l.body); }; };
}

class H2TestClient {
 public:
  struct Response {
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    int header_blocks = 0;
    bool ended = false;  // END_STREAM
    bool closed = false;
    uint32_t error = 0;  // of RST_STREAM
    std::string Get(std::string_view name) const {
      std::string value;
      for (const auto& [n, v] : headers) {
        if (n == name) value = v;
      }
      return value;
    }
  };
  struct Request {
    std::string method = "POST", path = "/";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool end = true;  // false: the body stays open, see Continue()
    std::vector<std::pair<std::string, std::string>> trailers;
    int32_t parent = 0;  // the stream that it depends on, in the priorities of RFC 7540
  };

  explicit H2TestClient(uint32_t window = 65'535, bool auto_window = true) {
    nghttp2_session_callbacks* c = nullptr;
    nghttp2_session_callbacks_new(&c);
    nghttp2_session_callbacks_set_on_header_callback(c, OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, OnFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, OnClose);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    if (!auto_window) nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_session_client_new2(&session, c, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(c);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window}};
    nghttp2_submit_settings(session, 0, settings, 1);
  }
  ~H2TestClient() { nghttp2_session_del(session); }
  H2TestClient(const H2TestClient&) = delete;
  H2TestClient& operator=(const H2TestClient&) = delete;

  int32_t Submit(Request request) {
    auto body = std::make_unique<Body>();
    body->bytes = std::move(request.body);
    body->end = request.end;
    body->trailers = std::move(request.trailers);
    std::vector<std::pair<std::string, std::string>> fields = {
        {":method", request.method}, {":scheme", "http"}, {":authority", "test"}, {":path", request.path}};
    fields.insert(fields.end(), request.headers.begin(), request.headers.end());
    const auto nvs = Nvs(fields);
    nghttp2_data_provider provider{{.ptr = body.get()}, Read};
    const bool has_body = !body->bytes.empty() || !body->end || !body->trailers.empty();
    nghttp2_priority_spec priority;
    nghttp2_priority_spec_init(&priority, request.parent, NGHTTP2_DEFAULT_WEIGHT, 0);
    const int32_t id = nghttp2_submit_request(session, request.parent > 0 ? &priority : nullptr, nvs.data(), nvs.size(),
                                              has_body ? &provider : nullptr, nullptr);
    bodies[id] = std::move(body);
    return id;
  }
  void Continue(int32_t id, std::string_view bytes, bool end) {
    bodies[id]->bytes += bytes;
    bodies[id]->end = end;
    nghttp2_session_resume_data(session, id);
  }
  void Reset(int32_t id, uint32_t code = NGHTTP2_CANCEL) { nghttp2_submit_rst_stream(session, 0, id, code); }

  std::string Output() {
    std::string out;
    const uint8_t* bytes = nullptr;
    for (ssize_t n = 0; (n = nghttp2_session_mem_send(session, &bytes)) > 0;) {
      out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
    }
    return out;
  }
  void Input(std::string_view bytes) {
    nghttp2_session_mem_recv(session, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }

  nghttp2_session* session = nullptr;
  std::map<int32_t, Response> responses;
  std::vector<std::pair<int32_t, uint32_t>> goaways;  // last stream, error
  int pings = 0;
  int window_updates = 0;

 private:
  struct Body {
    std::string bytes;
    bool end = true;
    std::vector<std::pair<std::string, std::string>> trailers;
  };
  std::map<int32_t, std::unique_ptr<Body>> bodies;

  static std::vector<nghttp2_nv> Nvs(const std::vector<std::pair<std::string, std::string>>& fields) {
    std::vector<nghttp2_nv> nvs;
    for (const auto& [n, v] : fields) {
      nvs.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(n.data())),
                     reinterpret_cast<uint8_t*>(const_cast<char*>(v.data())), n.size(), v.size(), 0});
    }
    return nvs;
  }
  static ssize_t Read(nghttp2_session* s, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                      nghttp2_data_source* source, void*) {
    auto& body = *static_cast<Body*>(source->ptr);
    const size_t take = std::min(size, body.bytes.size());
    if (take == 0 && !body.end) return NGHTTP2_ERR_DEFERRED;
    body.bytes.copy(reinterpret_cast<char*>(buffer), take);
    body.bytes.erase(0, take);
    if (body.bytes.empty() && body.end) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!body.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto nvs = Nvs(body.trailers);
        nghttp2_submit_trailer(s, id, nvs.data(), nvs.size());
      }
    }
    return static_cast<ssize_t>(take);
  }
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* self) {
    static_cast<H2TestClient*>(self)->responses[frame->hd.stream_id].headers.emplace_back(
        std::string(reinterpret_cast<const char*>(name), name_size),
        std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    auto& client = *static_cast<H2TestClient*>(self);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: ++client.responses[frame->hd.stream_id].header_blocks; [[fallthrough]];
      case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) client.responses[frame->hd.stream_id].ended = true;
        break;
      case NGHTTP2_GOAWAY: client.goaways.emplace_back(frame->goaway.last_stream_id, frame->goaway.error_code); break;
      case NGHTTP2_PING: client.pings += (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0 ? 1 : 0; break;
      case NGHTTP2_WINDOW_UPDATE: ++client.window_updates; break;
      default: break;
    }
    return 0;
  }
  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self) {
    static_cast<H2TestClient*>(self)->responses[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int OnClose(nghttp2_session*, int32_t id, uint32_t error, void* self) {
    auto& response = static_cast<H2TestClient*>(self)->responses[id];
    response.closed = true;
    response.error = error;
    return 0;
  }
};

// Both ends and the wire between them.
class H2Wire {
 public:
  explicit H2Wire(Limits limits = {}, uint32_t client_window = 65'535, bool auto_window = true)
      : limits(limits),
        budget(limits.inflight_bytes_max, limits.connections_max),
        client(client_window, auto_window),
        session(NewH2Session(host, this->limits, budget)) {}

  std::string TakeOutput(size_t at_most = SIZE_MAX) {
    std::string out;
    iovec parts[16];
    while (out.size() < at_most) {
      const size_t count = session->Gather(parts);
      if (count == 0) break;
      size_t bytes = 0;
      for (size_t i = 0; i < count && out.size() < at_most; ++i) {
        const size_t take = std::min(parts[i].iov_len, at_most - out.size());
        out.append(static_cast<const char*>(parts[i].iov_base), take);
        bytes += take;
      }
      session->Written(bytes);
    }
    return out;
  }
  // Moves bytes until both ends are quiet. `step` > 0: so many bytes per Receive.
  void Pump(size_t step = 0) {
    for (bool moved = true; moved;) {
      const std::string up = client.Output();
      for (size_t at = 0; at < up.size(); at += step == 0 ? up.size() : step) {
        session->Receive(std::string_view(up).substr(at, step == 0 ? up.size() : step));
      }
      host.loop_.Run();
      const std::string down = TakeOutput();
      client.Input(down);
      moved = !up.empty() || !down.empty();
    }
  }
  H2TestClient::Response& Call(H2TestClient::Request request) {
    const int32_t id = client.Submit(std::move(request));
    Pump();
    return client.responses[id];
  }

  Limits limits;
  Budget budget;
  TestHost host;
  H2TestClient client;
  std::unique_ptr<Session> session;
};

}  // namespace sluice::http
