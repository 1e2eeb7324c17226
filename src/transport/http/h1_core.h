// The HTTP/1.1 Session. Its code is in four files:
//   h1_core.cc     life: Receive, Gather, Drain, Lost, the end of an exchange
//   h1_receive.cc  bytes in → Exchange and handler
//   h1_send.cc     Exchange::Send* → bytes out
//   h1_timers.cc   heads and bodies that do not come, memory that is used up
#pragma once

#include <memory>
#include <string_view>

#include "base/budget.h"
#include "base/no_memory.h"
#include "transport/http/h1_parser.h"
#include "transport/http/h1_response.h"
#include "transport/http/in_buffer.h"
#include "transport/http/limits.h"
#include "transport/http/out_queue.h"
#include "transport/http/session.h"

namespace sluice::http {

class H1Core final : public Session, private Exchange {
 public:
  H1Core(SessionHost& host, const Limits& limits, Budget& budget);
  ~H1Core() override;

  void Receive(std::string_view bytes) override;
  size_t ReadAtOnce() const override;
  size_t Unwanted() const override;
  void Skipped(size_t bytes) override;
  size_t BodyExpected() const override;
  std::span<char> PlaceFor(size_t bytes) override;
  void Placed(size_t bytes) override;
  void Continue() override;
  void ReceiveEnd() override;
  bool WantsRead() const override;
  size_t Gather(std::span<iovec> out) override;
  void Written(size_t bytes) override;
  bool Finished() const override { return state_ == State::kClosing && out_.empty(); }
  void Drain() override;
  void Relieve() override;
  void Lost() override;
  size_t open_exchanges() const override { return state_ == State::kExchange ? 1 : 0; }

 private:
  enum class State : uint8_t {
    kIdle,
    kHead,        // some of the next head is here
    kExchange,    // a request is being answered
    kDiscarding,  // the exchange is over, its body is not
    kClosing,     // no more input; flush and finish
  };
  // Of the exchange's request.
  enum class Body : uint8_t {
    kNone,  // nothing of it came yet
    kSome,
    kEnded,
    kTunnel,  // the protocol was switched: no more HTTP on this connection
  };
  // Why the exchange ends in the next Gather, and not below its codec's feet.
  enum class Cut : uint8_t {
    kNo,
    kReset,     // Reset() was called
    kNoMemory,  // answered with 503, when nothing was answered yet
  };

  // --- Exchange ---
  const RequestHead& head() const override { return head_; }
  Loop& loop() override { return host_.loop(); }
  void ConsumeBody(size_t bytes) override;
  void SendHead(int status, const Headers& headers, bool end) override;
  void SendBody(std::string bytes, bool end) override;
  void SendTrailers(const Headers& trailers) override;
  size_t UnsentBytes() const override { return out_.size(); }
  void HoldBack(Duration time) override { host_.HoldBack(head_, time); }
  void Reset() override;

  // --- bytes in ---
  void ProcessKept();
  // Returns how much of `in` was used. Stops where a pipelined request begins while one is being answered, and when the
  // turn gets long (stopped_).
  size_t Process(std::string_view in);
  // One step: false when it took nothing. `used` grows by what it took.
  bool Step(std::string_view in, size_t& used);
  void StartExchange(bool nothing_behind);
  void TakeBody(std::string_view bytes);
  void DropBody(size_t bytes);
  // Whether what comes next is body that the parser would pass on as it is, and for whom.
  bool NextIsBody() const;
  bool BodyIsUnwanted() const { return state_ == State::kDiscarding || response_.done() || cut_ != Cut::kNo; }
  void NoteBody(size_t bytes);
  void EndBody();
  void NextRequest();
  // What to do about the rest, and timers that what has come (or not come) makes necessary.
  void AfterInput();

  // --- bytes out ---
  bool CanSend() const { return state_ == State::kExchange && cut_ == Cut::kNo && !response_.done(); }
  // From now on the connection's bytes are the codec's.
  void Upgrade(const Headers& headers);
  void EndResponse(std::string&& last_bytes, const Headers* trailers);
  // Whether what is left of the body is little enough to read it and use the connection again.
  bool RestIsSmall() const;

  // --- endings ---
  // The response has left.
  void FinishExchange();
  // An answer of the session itself, then the end.
  void Fault(int status, std::string_view detail, CloseReason reason = CloseReason::kCut);
  void EndCut();
  // Memory is used up: in Gather, because a handler may be below us.
  void GiveUp();
  // Never called from inside the handler.
  void CloseExchange(CloseReason reason);
  void Close();
  // A handler that gets no memory ends its exchange, not the process.
  template <typename Call>
  void Guarded(Call&& call) {
    if (!GetsMemory(call)) GiveUp();
  }
  void Recharge(size_t& charged, size_t bytes);

  // --- time ---
  void ArmHeadTimer();
  void ArmBodyTimer();
  bool AwaitsBody() const {
    return (state_ == State::kExchange && body_ < Body::kEnded) || state_ == State::kDiscarding;
  }
  // A stream between two messages.
  bool MayBeSilent() const { return body_ == Body::kTunnel || handler_ == nullptr || !handler_->AwaitsBody(); }
  // While the budget stops us nobody tells when it has room again: a timer asks. Asked nowhere else: others charge and
  // release at any moment, and a wait without its timer would be for ever.
  bool WaitsForBudget() const { return retry_timer_ != 0; }
  bool BudgetIsOver() const { return received_ > Budget::kSmallBytes && budget_.Over(); }
  void WatchBudget();
  void RetryLater();
  void StopTimers();
  void Stop(Loop::TimerId& timer);
  std::string_view Date();

  SessionHost& host_;
  const Limits& limits_;
  Budget& budget_;
  BudgetTab tab_;
  State state_ = State::kIdle;
  bool draining_ = false;

  H1Parser parser_;
  InBuffer in_;  // not parsed yet: part of a head, or pipelined requests
  size_t in_charged_ = 0;
  bool more_ = false;     // in_ holds what the turn was too short for
  bool stopped_ = false;  // of the last Process
  OutQueue out_;

  // The exchange, while there is one.
  RequestHead head_;
  H1Response response_;
  std::unique_ptr<ExchangeHandler> handler_;
  Body body_ = Body::kNone;
  Cut cut_ = Cut::kNo;
  bool continue_sent_ = false;
  bool left_ = false;      // some of the response has left: no other answer can be given
  bool was_full_ = false;  // output passed half of its bound: OnWritable is owed
  size_t exchange_charged_ = 0;
  size_t unconsumed_ = 0;  // charged body bytes
  size_t received_ = 0;    // body bytes of the exchange
  size_t marked_ = 0;      // of received_, at last_body_
  size_t discarded_ = 0;   // of the body, after the exchange
  TimePoint last_body_{}, waits_since_{};

  Loop::TimerId head_timer_ = 0, body_timer_ = 0, retry_timer_ = 0;
};

}  // namespace sluice::http
