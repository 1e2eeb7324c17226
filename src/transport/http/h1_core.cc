#include "transport/http/h1_core.h"

#include <utility>

#include "transport/http/h1_session.h"
#include "transport/http/h1_writer.h"
#include "transport/http/http_date.h"

namespace sluice::http {
namespace {

// Requests that arrive while one is being answered; above this reading stops (and a client going away is seen late).
constexpr size_t kPipelineBytesMax = 16 << 10;
// Of the last request's head, kept for the next one's.
constexpr size_t kKeptHeadBytesMax = 1 << 10;

}  // namespace

std::unique_ptr<Session> NewH1Session(SessionHost& host, const Limits& limits, Budget& budget) {
  return std::make_unique<H1Core>(host, limits, budget);
}

H1Core::H1Core(SessionHost& host, const Limits& limits, Budget& budget)
    : host_(host), limits_(limits), budget_(budget), tab_(budget), parser_(limits), out_(tab_), response_(out_) {}

H1Core::~H1Core() {
  CloseExchange(CloseReason::kCut);
  StopTimers();
}

void H1Core::Receive(std::string_view bytes) {
  if (state_ == State::kClosing) return;
  if (in_.empty()) {
    const size_t used = Process(bytes);
    if (used < bytes.size()) in_.Append(bytes.substr(used));
    AfterInput();
  } else {
    in_.Append(bytes);
    ProcessKept();
  }
}

void H1Core::Continue() {
  if (more_) ProcessKept();
}

void H1Core::ReceiveEnd() {
  if (state_ == State::kExchange && response_.done()) {
    response_.CloseAfter();  // the answer is complete: it may still be read
    return;
  }
  CloseExchange(CloseReason::kReset);
  Close();
}

bool H1Core::WantsRead() const {
  if (state_ == State::kClosing || more_) return false;
  if (state_ != State::kExchange) return true;
  if (body_ == Body::kEnded) return in_.size() < kPipelineBytesMax;
  return unconsumed_ < limits_.h2_stream_window && !WaitsForBudget();
}

size_t H1Core::Gather(std::span<iovec> out) {
  if (cut_ != Cut::kNo && state_ == State::kExchange) EndCut();
  if (response_.head_given() && !response_.head_written()) {
    response_.set_date(Date());
    response_.FlushHead();
  }
  // A response without chunks may end without a byte.
  if (state_ == State::kExchange && response_.done() && out_.empty()) FinishExchange();
  return out_.Gather(out);
}

void H1Core::Written(size_t bytes) {
  out_.Consume(bytes);
  if (state_ != State::kExchange) return;
  left_ |= response_.head_written();
  if (response_.done() && out_.empty()) return FinishExchange();
  if (was_full_ && out_.size() < limits_.response_buffer_bytes / 2) {
    was_full_ = false;
    if (handler_ != nullptr) Guarded([this] { handler_->OnWritable(); });
  }
}

void H1Core::Drain() {
  draining_ = true;
  if (state_ == State::kExchange) {
    response_.CloseAfter();
    if (handler_ != nullptr) Guarded([this] { handler_->OnDrain(); });
    return;
  }
  if (state_ != State::kHead) Close();
}

void H1Core::Relieve() {
  if (state_ != State::kExchange || body_ == Body::kEnded) return;
  const bool keeps = handler_ != nullptr && handler_->KeptBytes() > Budget::kSmallBytes;
  if (!keeps && (received_ <= Budget::kSmallBytes || MayBeSilent())) return;
  if (!WantsRead() || loop().Now() - last_body_ < kPatienceShort) return;
  Fault(408, "the request body arrived too slowly while memory was short");
  host_.WantsWrite();
}

void H1Core::Lost() {
  CloseExchange(CloseReason::kLost);
  Close();
  out_.Clear();
}

// --- endings ---

void H1Core::FinishExchange() {
  const bool complete = body_ == Body::kEnded;
  CloseExchange(CloseReason::kDone);
  if (response_.must_close() || draining_) return Close();
  if (complete) {
    NextRequest();
  } else {
    state_ = State::kDiscarding;
    discarded_ = 0;
  }
  ProcessKept();
  host_.WantsRead();
}

void H1Core::Fault(int status, std::string_view detail, CloseReason reason) {
  const bool answered = (state_ == State::kExchange && left_) || state_ == State::kDiscarding;
  CloseExchange(reason);
  Close();
  if (!answered) out_.Append(WriteH1Fault(status, detail, Date()));
}

void H1Core::EndCut() {
  if (cut_ == Cut::kNoMemory) return Fault(503, kBudgetUsedUp, CloseReason::kNoMemory);
  CloseExchange(CloseReason::kCut);
  Close();
}

void H1Core::GiveUp() {
  if (!CanSend()) return;  // what was answered leaves
  cut_ = Cut::kNoMemory;
  host_.WantsWrite();
}

void H1Core::CloseExchange(CloseReason reason) {
  if (state_ != State::kExchange) return;
  state_ = State::kIdle;
  Stop(retry_timer_);
  budget_.Release(std::exchange(unconsumed_, 0));
  if (reason != CloseReason::kDone) out_.Clear();
  if (const auto handler = std::move(handler_)) Guarded([&] { handler->OnClosed(reason); });
  if (HeapBytes(head_) > kKeptHeadBytesMax) GiveBack(head_);
  Recharge(exchange_charged_, 0);
}

void H1Core::Close() {
  state_ = State::kClosing;
  more_ = false;
  StopTimers();
}

void H1Core::Recharge(size_t& charged, size_t bytes) {
  if (bytes > charged) tab_.Add(bytes - charged);
  if (bytes < charged) tab_.Remove(charged - bytes);
  charged = bytes;
}

std::string_view H1Core::Date() { return HttpDateNow(host_.loop().clock()); }

}  // namespace sluice::http
