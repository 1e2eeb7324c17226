#include "transport/http/h1_session.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/strings.h"
#include "transport/http/canonical.h"
#include "transport/http/h1_parser.h"
#include "transport/http/h1_response.h"
#include "transport/http/h1_writer.h"
#include "transport/http/http_date.h"
#include "transport/http/in_buffer.h"
#include "transport/http/out_queue.h"
#include "transport/http/turn.h"
#include "transport/http/upgrade.h"

namespace sluice::http {
namespace {

// Requests that arrive while one is being answered; above this reading stops (and a client going away is seen late).
constexpr size_t kPipelineBytesMax = 16 << 10;
// Body bytes nobody wants any more, read so that the connection can be used again; above this it closes instead.
constexpr size_t kDiscardBytesMax = 64 << 10;
// A large body waits so long for a budget that is used up; then it is refused, and others that wait can go on.
constexpr Duration kBudgetWaitMax = seconds(1);
// Steps of the parser between two looks at the clock. A step takes what it can: much, or one byte in a chunk of its own.
constexpr int kStepsPerLook = 64;
// Of the last request's head, kept for the next one's.
constexpr size_t kKeptHeadBytesMax = 1 << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Today's date, written once per second and thread.
std::string_view DateOf(WallTime now) {
  thread_local int64_t second = -1;
  thread_local std::string text;
  const int64_t this_second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (this_second != std::exchange(second, this_second)) text = HttpDate(now);
  return text;
}

class H1Session final : public Session, private Exchange {
 public:
  H1Session(SessionHost& host, const Limits& limits, Budget& budget)
      : host_(host), limits_(limits), budget_(budget), tab_(budget), parser_(limits), out_(tab_), response_(out_) {}
  ~H1Session() override {
    CloseExchange(CloseReason::kCut);
    for (Loop::TimerId* timer : {&head_timer_, &body_timer_, &retry_timer_}) Stop(*timer);
  }

  // Session.

  void Receive(std::string_view bytes) override {
    if (closing_) return;
    if (in_.empty()) {
      const size_t used = Process(bytes);
      if (used < bytes.size()) in_.Append(bytes.substr(used));
      AfterInput();
    } else {
      in_.Append(bytes);
      ProcessKept();
    }
  }

  void Continue() override {
    if (more_) ProcessKept();
  }

  void ReceiveEnd() override {
    if (exchange_open_ && response_.done()) {
      response_.CloseAfter();  // the answer is complete: it may still be read
      return;
    }
    CloseExchange(CloseReason::kReset);
    Close();
  }

  bool WantsRead() const override {
    if (closing_ || more_) return false;
    if (!exchange_open_) return true;
    if (body_end_) return in_.size() < kPipelineBytesMax;
    return unconsumed_ < limits_.h2_stream_window && !WaitsForBudget();
  }

  size_t Gather(std::span<iovec> out) override {
    if (cut_ && exchange_open_) EndCut();
    if (response_.head_given() && !response_.head_written()) {
      response_.set_date(Date());
      response_.FlushHead();
    }
    // A response without chunks may end without a byte.
    if (exchange_open_ && response_.done() && out_.empty()) FinishExchange();
    return out_.Gather(out);
  }

  void Written(size_t bytes) override {
    out_.Consume(bytes);
    if (exchange_open_ && response_.done() && out_.empty()) return FinishExchange();
    if (was_full_ && exchange_open_ && out_.size() < limits_.response_buffer_bytes / 2) {
      was_full_ = false;
      if (handler_ != nullptr) Guarded([this] { handler_->OnWritable(); });
    }
  }

  bool Finished() const override { return closing_ && !exchange_open_ && out_.empty(); }

  void Drain() override {
    draining_ = true;
    if (exchange_open_) {
      response_.CloseAfter();
      if (handler_ != nullptr) Guarded([this] { handler_->OnDrain(); });
      return;
    }
    if (!head_begun_) Close();
  }

  void Relieve() override {
    if (!exchange_open_ || body_end_ || received_ <= Budget::kSmallBytes || !WantsRead() || MaySilent()) return;
    if (loop().Now() - last_body_ < kPatienceShort) return;
    Fault(408, "the request body came too slowly while memory is short");
    host_.WantsWrite();
  }

  void Lost() override {
    CloseExchange(CloseReason::kLost);
    Close();
    out_.Clear();
  }

  size_t open_exchanges() const override { return exchange_open_ ? 1 : 0; }

 private:
  // Exchange.

  const RequestHead& head() const override { return head_; }
  Loop& loop() override { return host_.loop(); }

  void ConsumeBody(size_t bytes) override {
    const bool wanted = WantsRead();
    bytes = std::min(bytes, unconsumed_);
    unconsumed_ -= bytes;
    budget_.Release(bytes);
    if (!wanted && WantsRead()) host_.WantsRead();
    WatchBudget();
  }

  void SendHead(int status, const Headers& headers, bool end) override {
    if (!CanSend()) return;
    if (status == 101) return Upgrade(headers);
    if (const Headers& more = head_.answer_headers; more.empty()) {
      response_.SendHead(status, headers);
    } else {
      Headers all = headers;
      for (size_t i = 0; i < more.size(); ++i) all.Add(more[i].name, more[i].value);
      response_.SendHead(status, all);
    }
    if (end) EndResponse({}, nullptr);
    host_.WantsWrite();
  }

  void SendBody(std::string bytes, bool end) override {
    if (!CanSend()) return;
    if (bytes.size() > Budget::kSmallBytes && !budget_.Fits(bytes.capacity())) return GiveUp();
    if (end) {
      EndResponse(std::move(bytes), nullptr);
    } else {
      response_.set_date(Date());
      response_.SendBody(std::move(bytes));
    }
    was_full_ |= out_.size() >= limits_.response_buffer_bytes / 2;
    host_.WantsWrite();
  }

  void SendTrailers(const Headers& trailers) override {
    if (!CanSend()) return;
    EndResponse({}, &trailers);
    host_.WantsWrite();
  }

  size_t UnsentBytes() const override { return out_.size(); }

  void Reset() override {
    if (!exchange_open_ || cut_) return;
    cut_ = true;
    host_.WantsWrite();  // the exchange ends in Gather, not below the codec's feet
  }

  // Input.

  void ProcessKept() {
    if (!closing_ && !in_.empty()) in_.Take(Process(in_.view()));
    AfterInput();
  }

  // Returns how much of `in` was used. Stops where a pipelined request begins while one is being answered, and when the
  // turn gets long (stopped_).
  size_t Process(std::string_view in) {
    size_t used = 0;
    stopped_ = false;
    for (int steps = 1; !closing_ && !(exchange_open_ && body_end_); ++steps) {
      if (steps % kStepsPerLook == 0 && TurnIsLong(loop())) {
        stopped_ = true;
        break;
      }
      if (tunnel_) {
        if (used < in.size()) TakeBody(in.substr(used));
        return in.size();
      }
      // An empty line between requests is to be ignored (RFC 9112, 2.2).
      if (!exchange_open_ && !head_begun_ && !discarding_ && used < in.size() && in[used] == '\r') {
        if (used + 1 == in.size()) break;
        if (in[used + 1] == '\n') {
          used += 2;
          continue;
        }
      }
      const size_t taken = parser_.Parse(in.substr(used));
      used += taken;
      if (parser_.state() == H1Parser::State::kError) {
        Fault(parser_.fault().status, parser_.fault().detail);
        return in.size();
      }
      if (parser_.state() == H1Parser::State::kHead) {
        head_begun_ = used < in.size() || taken > 0 || head_begun_;
      } else if (!exchange_open_ && !discarding_) {
        StartExchange(used == in.size());
      }
      if (!parser_.body().empty()) TakeBody(parser_.body());
      if (tunnel_) continue;
      if (parser_.state() == H1Parser::State::kDone) EndBody();
      if (taken == 0) break;
    }
    return closing_ ? in.size() : used;
  }

  void StartExchange(bool nothing_behind) {
    Stop(head_timer_);
    head_begun_ = false;
    head_ = std::move(parser_.head());
    head_.received = loop().Now();
    head_.upgrade = UpgradeOf(head_, parser_.http10());
    host_.SetPeer(head_);
    response_.Begin({.is_head = head_.method == "HEAD",
                     .http10 = parser_.http10(),
                     .takes_trailers = HasToken(head_.headers, "te", "trailers"),
                     .keep_alive = parser_.keep_alive() && !draining_});
    if (head_.method == "HEAD") head_.method = "GET";  // the response leaves the body out
    exchange_open_ = true;
    body_end_ = cut_ = given_up_ = was_full_ = continue_sent_ = body_begun_ = tunnel_ = false;
    received_ = marked_ = 0;
    Recharge(exchange_charged_, kExchangeBytes + HeapBytes(head_));
    last_body_ = loop().Now();
    Guarded([this] { handler_ = host_.OnExchange(*this); });
    if (parser_.expects_continue() && nothing_behind && !response_.head_given() && !cut_) {
      continue_sent_ = true;
      out_.Append(kContinue);
    }
  }

  // From now on the connection's bytes are the codec's.
  void Upgrade(const Headers& headers) {
    if (head_.upgrade.empty() || response_.head_given()) return;
    Headers all = headers;
    all.Add("upgrade", head_.upgrade);
    if (const auto key = head_.headers.Find("sec-websocket-key")) {
      all.Add("sec-websocket-accept", WebSocketAccept(*key));
    }
    response_.set_date(Date());
    response_.SendHead(101, all);
    response_.FlushHead();
    tunnel_ = true;
    host_.WantsWrite();
  }

  void TakeBody(std::string_view bytes) {
    received_ += bytes.size();
    // While memory is short a trickle is no progress.
    if (!budget_.Short() || received_ - marked_ >= Budget::kSmallBytes) {
      last_body_ = loop().Now();
      marked_ = received_;
    }
    body_begun_ = true;
    if (discarding_ || response_.done() || cut_) {
      discarded_ += bytes.size();
      if (discarding_ && discarded_ > kDiscardBytesMax) Close();
      return;
    }
    unconsumed_ += bytes.size();
    budget_.Charge(bytes.size());
    Guarded([this, bytes] { handler_->OnBody(bytes); });
  }

  void EndBody() {
    if (discarding_) {
      NextRequest();
    } else if (exchange_open_ && !body_end_) {
      body_end_ = true;
      if (!response_.done() && !cut_) Guarded([this] { handler_->OnBodyEnd(); });
    }
  }

  // What to do about the rest, and timers that what has come (or not come) makes necessary.
  void AfterInput() {
    if (closing_) in_.Clear();
    more_ = stopped_ && !in_.empty();
    if (more_) host_.WantsWrite();
    Recharge(in_charged_, in_.empty() ? 0 : in_.capacity());
    if (closing_) return;
    if (!exchange_open_ && !discarding_ && head_begun_ && head_timer_ == 0) {
      head_timer_ = loop().At(loop().Now() + limits_.head_timeout, [this] {
        head_timer_ = 0;
        Fault(408, "the request head did not arrive in time");
        host_.WantsWrite();
      });
    }
    const bool body_missing = (exchange_open_ && !body_end_) || discarding_;
    if (body_missing && body_timer_ == 0) ArmBodyTimer();
    WatchBudget();
  }

  // One timer per body, moved only when it fires: bytes just note their time.
  void ArmBodyTimer() {
    body_timer_ = loop().At(last_body_ + limits_.body_idle_timeout, [this] {
      body_timer_ = 0;
      if (closing_ || !((exchange_open_ && !body_end_) || discarding_)) return;
      // It is us who do not read, or a stream that may be silent between two messages.
      if (!WantsRead() || (exchange_open_ && MaySilent())) last_body_ = loop().Now();
      if (loop().Now() - last_body_ < limits_.body_idle_timeout) return ArmBodyTimer();
      Fault(408, "the request body did not arrive in time");
      host_.WantsWrite();
    });
  }

  // A stream between two messages.
  bool MaySilent() const { return tunnel_ || handler_ == nullptr || !handler_->AwaitsBody(); }

  bool WaitsForBudget() const { return received_ > Budget::kSmallBytes && budget_.Over(); }

  // While the budget stops us nobody tells when it has room again.
  void WatchBudget() {
    if (retry_timer_ != 0 || !exchange_open_ || body_end_ || cut_ || !WaitsForBudget()) return;
    waits_since_ = loop().Now();
    RetryLater();
  }

  void RetryLater() {
    retry_timer_ = loop().At(loop().Now() + std::chrono::milliseconds(Budget::kRetryMs), [this] {
      retry_timer_ = 0;
      if (!exchange_open_ || body_end_ || cut_) return;
      if (!WaitsForBudget()) return host_.WantsRead();
      if (loop().Now() - waits_since_ < kBudgetWaitMax || MaySilent()) return RetryLater();
      GiveUp();
    });
  }

  // Ending.

  // Memory is used up: 503, in Gather, because a handler may be below us.
  void GiveUp() {
    cut_ = given_up_ = true;
    host_.WantsWrite();
  }

  void EndCut() {
    if (given_up_) return Fault(503, "the server holds as many bytes as it may; retry later");
    CloseExchange(CloseReason::kCut);
    Close();
  }

  // A handler that gets no memory ends its exchange, not the process.
  template <typename Call>
  void Guarded(Call&& call) {
    try {
      call();
    } catch (const std::bad_alloc&) {
      GiveUp();
    }
  }

  void Recharge(size_t& charged, size_t bytes) {
    if (bytes > charged) tab_.Add(bytes - charged);
    if (bytes < charged) tab_.Remove(charged - bytes);
    charged = bytes;
  }

  bool CanSend() const { return exchange_open_ && !cut_ && !response_.done(); }

  void EndResponse(std::string&& last_bytes, const Headers* trailers) {
    // What is left of the body decides whether the connection can go on; say so in the head if it is still to come.
    if (!body_end_ && !RestIsSmall()) response_.CloseAfter();
    response_.set_date(Date());
    response_.End(std::move(last_bytes), trailers);
  }

  bool RestIsSmall() const {
    if (parser_.expects_continue() && !continue_sent_ && !body_begun_) return false;  // who knows whether it comes
    return parser_.state() == H1Parser::State::kDone ||
           (!parser_.is_chunked() && parser_.body_remaining() <= kDiscardBytesMax);
  }

  // The response has left.
  void FinishExchange() {
    const bool complete = body_end_;
    CloseExchange(CloseReason::kDone);
    if (response_.must_close() || draining_) return Close();
    if (complete) {
      NextRequest();
    } else {
      discarding_ = true;
      discarded_ = 0;
    }
    ProcessKept();
    host_.WantsRead();
  }

  void NextRequest() {
    discarding_ = false;
    Stop(body_timer_);
    parser_.Reset();
  }

  // An answer of the session itself, then the end.
  void Fault(int status, std::string_view detail) {
    const bool answered = (exchange_open_ && response_.head_written()) || discarding_;
    CloseExchange(CloseReason::kCut);
    Close();
    if (!answered) out_.Append(WriteH1Fault(status, detail, Date()));
  }

  // Never called from inside the handler.
  void CloseExchange(CloseReason reason) {
    if (!exchange_open_) return;
    exchange_open_ = false;
    budget_.Release(std::exchange(unconsumed_, 0));
    if (reason != CloseReason::kDone) out_.Clear();
    if (const auto handler = std::move(handler_)) Guarded([&] { handler->OnClosed(reason); });
    if (HeapBytes(head_) > kKeptHeadBytesMax) GiveBack(head_);
    Recharge(exchange_charged_, 0);
  }

  void Close() {
    closing_ = true;
    discarding_ = more_ = false;
    for (Loop::TimerId* timer : {&head_timer_, &body_timer_, &retry_timer_}) Stop(*timer);
  }

  void Stop(Loop::TimerId& timer) {
    if (timer != 0) host_.loop().Cancel(std::exchange(timer, 0));
  }

  std::string_view Date() { return DateOf(host_.loop().clock().WallNow()); }

  SessionHost& host_;
  const Limits& limits_;
  Budget& budget_;
  BudgetTab tab_;
  H1Parser parser_;
  InBuffer in_;  // not parsed yet: part of a head, or pipelined requests
  size_t in_charged_ = 0;
  bool more_ = false;     // in_ holds what the turn was too short for
  bool stopped_ = false;  // of the last Process
  OutQueue out_;

  // The exchange, while exchange_open_.
  RequestHead head_;
  H1Response response_;
  std::unique_ptr<ExchangeHandler> handler_;
  bool exchange_open_ = false;
  bool body_end_ = false;
  bool cut_ = false;       // Reset() was called, or
  bool given_up_ = false;  // there is no memory for it
  bool was_full_ = false;  // output passed half of its bound: OnWritable is owed
  bool continue_sent_ = false;
  bool body_begun_ = false;
  bool tunnel_ = false;  // the protocol was switched: no more HTTP on this connection
  size_t exchange_charged_ = 0;
  size_t unconsumed_ = 0;  // charged body bytes
  size_t received_ = 0;    // body bytes of the exchange
  size_t marked_ = 0;      // of received_, at last_body_
  TimePoint last_body_{}, waits_since_{};

  bool head_begun_ = false;  // some of the next head is here
  bool discarding_ = false;  // the exchange is over, its body is not
  size_t discarded_ = 0;
  bool draining_ = false;
  bool closing_ = false;  // no more input; flush and finish
  Loop::TimerId head_timer_ = 0, body_timer_ = 0, retry_timer_ = 0;
};

}  // namespace

std::unique_ptr<Session> NewH1Session(SessionHost& host, const Limits& limits, Budget& budget) {
  return std::make_unique<H1Session>(host, limits, budget);
}

}  // namespace sluice::http
