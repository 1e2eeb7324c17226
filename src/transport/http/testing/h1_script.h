// The HTTP/1.1 session by hand: bytes in, bytes out, simulated time, and a handler that the test scripts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "base/testing/fake_loop.h"
#include "transport/http/h1_session.h"

namespace sluice::http {

// Notes what it is told; answers when the test says so. Large pieces of a body have a place of their own.
struct Recorder final : ExchangeHandler {
  explicit Recorder(Exchange& e, std::string& log) : exchange(e), log(log) {}
  void OnBody(std::string_view bytes) override {
    log += StrCat("body(", bytes, ")");
    if (consume) exchange.ConsumeBody(bytes.size());
  }
  std::span<char> PlaceFor(size_t bytes) override { return std::span(place).first(std::min(bytes, place.size())); }
  void OnBodyPlaced(size_t bytes) override {
    log += StrCat("placed(", std::string_view(place.data(), bytes), ")");
    exchange.ConsumeBody(bytes);
  }
  void OnBodyEnd() override {
    log += "end ";
    if (answer_at_end) Answer("ok");
  }
  void OnNoMemory() override {
    if (answers_no_memory) Answer("busy");
  }
  void OnWritable() override { log += "writable "; }
  void OnClosed(CloseReason reason) override { log += StrCat("closed", static_cast<int>(reason), " "); }

  void Answer(std::string body) {
    exchange.SendHead(200, {}, false);
    exchange.SendBody(std::move(body), true);
  }

  Exchange& exchange;
  std::string& log;
  bool consume = true, answer_at_end = false, answers_no_memory = false;
  std::array<char, 8> place{};
};

class H1Script : public testing::Test, protected SessionHost {
 protected:
  Loop& loop() override { return loop_; }
  const Peer& peer() const override { return peer_; }
  std::unique_ptr<ExchangeHandler> OnExchange(Exchange& exchange) override {
    const RequestHead& head = exchange.head();
    log_ += StrCat(head.method, " ", head.authority, head.path, head.query.empty() ? "" : "?", head.query, " ");
    auto made = std::make_unique<Recorder>(exchange, log_);
    handler_ = made.get();
    made->consume = consume_;
    made->answer_at_end = auto_answer_;
    if (on_exchange_) on_exchange_(*made);
    return made;
  }
  void WantsWrite() override { ++wants_write_; }
  void WantsRead() override { ++wants_read_; }

  void SetUp() override { session_ = NewH1Session(*this, limits_, budget_); }
  void Receive(std::string_view bytes) {
    session_->Receive(bytes);
    Flush();
  }
  // Writes everything, `step` bytes at a time.
  void Flush(size_t step = SIZE_MAX) {
    iovec out[8];
    while (size_t n = session_->Gather(out)) {
      std::string bytes;
      for (size_t i = 0; i < n; ++i) bytes.append(static_cast<const char*>(out[i].iov_base), out[i].iov_len);
      bytes.resize(std::min(bytes.size(), step));
      sent_ += bytes;
      session_->Written(bytes.size());
    }
  }
  std::string Take() { return std::exchange(sent_, {}); }
  static std::string BodyOf(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }

  FakeLoop loop_;
  Peer peer_;
  Limits limits_;
  Budget budget_{1 << 20, 10};
  std::string log_, sent_;
  bool auto_answer_ = true, consume_ = true;
  std::function<void(Recorder&)> on_exchange_;
  Recorder* handler_ = nullptr;
  int wants_write_ = 0, wants_read_ = 0;
  std::unique_ptr<Session> session_;
};

inline constexpr std::string_view kGet = "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n";

}  // namespace sluice::http
