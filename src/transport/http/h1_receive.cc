#include <algorithm>
#include <utility>

#include "base/long_turn.h"
#include "transport/http/canonical.h"
#include "transport/http/h1_core.h"
#include "transport/http/upgrade.h"

namespace sluice::http {
namespace {

// Body bytes nobody wants any more, read so that the connection can be used again; above this it closes instead.
constexpr size_t kDiscardBytesMax = 256 << 10;
// Steps of the parser between two looks at the clock. A step takes what it can: much, or one byte in a chunk of its
// own.
constexpr int kStepsPerLook = 64;
// Enough for a head and a small body.
constexpr size_t kHeadAtOnce = 8 << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

void H1Core::ProcessKept() {
  if (state_ != State::kClosing && !in_.empty()) in_.Take(Process(in_.view()));
  AfterInput();
}

size_t H1Core::Process(std::string_view in) {
  size_t used = 0;
  stopped_ = false;
  for (int steps = 1; state_ != State::kClosing; ++steps) {
    if (state_ == State::kExchange && body_ == Body::kEnded) break;
    if (steps % kStepsPerLook == 0 && TurnIsLong(loop())) {
      stopped_ = true;
      break;
    }
    if (!Step(in, used)) break;
  }
  return state_ == State::kClosing ? in.size() : used;
}

bool H1Core::Step(std::string_view in, size_t& used) {
  const std::string_view rest = in.substr(used);
  if (state_ == State::kExchange && body_ == Body::kTunnel) {
    used = in.size();
    if (!rest.empty()) TakeBody(rest);
    return false;
  }
  // An empty line between requests is to be ignored (RFC 9112, 2.2).
  if (state_ == State::kIdle && rest.starts_with('\r')) {
    if (rest.size() == 1) return false;
    if (rest[1] == '\n') {
      used += 2;
      return true;
    }
  }
  const size_t taken = parser_.Parse(rest);
  used += taken;
  if (parser_.state() == H1Parser::State::kError) {
    Fault(parser_.fault().status, parser_.fault().detail);
    return false;
  }
  if (parser_.state() == H1Parser::State::kHead) {
    if (!rest.empty()) state_ = State::kHead;
  } else if (state_ == State::kIdle || state_ == State::kHead) {
    StartExchange(used == in.size());
  }
  if (!parser_.body().empty()) TakeBody(parser_.body());
  if (body_ == Body::kTunnel) return true;
  if (parser_.state() == H1Parser::State::kDone) EndBody();
  return taken > 0;
}

void H1Core::StartExchange(bool nothing_behind) {
  Stop(head_timer_);
  head_ = std::move(parser_.head());
  head_.received = loop().Now();
  head_.upgrade = UpgradeOf(head_, parser_.http10());
  host_.SetPeer(head_);
  response_.Begin({.is_head = head_.method == "HEAD",
                   .http10 = parser_.http10(),
                   .takes_trailers = HasToken(head_.headers, "te", "trailers"),
                   .keep_alive = parser_.keep_alive() && !draining_});
  if (head_.method == "HEAD") head_.method = "GET";  // the response leaves the body out
  state_ = State::kExchange;
  body_ = Body::kNone;
  cut_ = Cut::kNo;
  left_ = was_full_ = continue_sent_ = false;
  received_ = marked_ = 0;
  Recharge(exchange_charged_, kExchangeBytes + HeapBytes(head_));
  last_body_ = loop().Now();
  Guarded([this] { handler_ = host_.OnExchange(*this); });
  if (parser_.expects_continue() && nothing_behind && !response_.head_given() && cut_ == Cut::kNo) {
    continue_sent_ = true;
    out_.Append(kContinue);
  }
}

void H1Core::NoteBody(size_t bytes) {
  received_ += bytes;
  // While memory is short a trickle is not progress.
  if (!budget_.Short() || received_ - marked_ >= Budget::kSmallBytes) {
    last_body_ = loop().Now();
    marked_ = received_;
  }
  if (body_ == Body::kNone) body_ = Body::kSome;
}

size_t H1Core::ReadAtOnce() const { return state_ == State::kExchange ? SIZE_MAX : kHeadAtOnce; }

bool H1Core::NextIsBody() const {
  return AwaitsBody() && in_.empty() && parser_.state() == H1Parser::State::kBody && !parser_.is_chunked();
}

size_t H1Core::Unwanted() const {
  return NextIsBody() && BodyIsUnwanted() ? static_cast<size_t>(parser_.body_remaining()) : 0;
}

void H1Core::Skipped(size_t bytes) {
  parser_.SkipBody(bytes);
  NoteBody(bytes);
  DropBody(bytes);
  if (parser_.state() == H1Parser::State::kDone) EndBody();
  AfterInput();
}

size_t H1Core::BodyExpected() const {
  return NextIsBody() && !BodyIsUnwanted() ? static_cast<size_t>(parser_.body_remaining()) : 0;
}

std::span<char> H1Core::PlaceFor(size_t bytes) {
  std::span<char> place;
  Guarded([&] { place = handler_->PlaceFor(std::min(bytes, BodyExpected())); });
  return place;
}

void H1Core::Placed(size_t bytes) {
  if (bytes == 0) return handler_->OnBodyPlaced(0);
  parser_.SkipBody(bytes);
  NoteBody(bytes);
  unconsumed_ += bytes;
  budget_.Charge(bytes);
  Guarded([this, bytes] { handler_->OnBodyPlaced(bytes); });
  if (parser_.state() == H1Parser::State::kDone) EndBody();
  AfterInput();
}

void H1Core::TakeBody(std::string_view bytes) {
  NoteBody(bytes.size());
  if (BodyIsUnwanted()) return DropBody(bytes.size());
  unconsumed_ += bytes.size();
  budget_.Charge(bytes.size());
  Guarded([this, bytes] { handler_->OnBody(bytes); });
}

void H1Core::DropBody(size_t bytes) {
  discarded_ += bytes;
  if (state_ == State::kDiscarding && discarded_ > kDiscardBytesMax) Close();
}

void H1Core::EndBody() {
  if (state_ == State::kDiscarding) {
    NextRequest();
  } else if (state_ == State::kExchange && body_ != Body::kEnded) {
    body_ = Body::kEnded;
    if (!response_.done() && cut_ == Cut::kNo) Guarded([this] { handler_->OnBodyEnd(); });
  }
}

void H1Core::NextRequest() {
  state_ = State::kIdle;
  Stop(body_timer_);
  parser_.Reset();
}

void H1Core::AfterInput() {
  if (state_ == State::kClosing) in_.Clear();
  more_ = stopped_ && !in_.empty();
  if (more_) host_.WantsWrite();
  Recharge(in_charged_, in_.empty() ? 0 : in_.capacity());
  if (state_ == State::kClosing) return;
  if (state_ == State::kHead && head_timer_ == 0) ArmHeadTimer();
  if (AwaitsBody() && body_timer_ == 0) ArmBodyTimer();
  WatchBudget();
}

void H1Core::ConsumeBody(size_t bytes) {
  const bool wanted = WantsRead();
  bytes = std::min(bytes, unconsumed_);
  unconsumed_ -= bytes;
  budget_.Release(bytes);
  if (!wanted && WantsRead()) host_.WantsRead();
  WatchBudget();
}

bool H1Core::RestIsSmall() const {
  // Who knows whether it comes.
  if (parser_.expects_continue() && !continue_sent_ && body_ == Body::kNone) return false;
  return parser_.state() == H1Parser::State::kDone ||
         (!parser_.is_chunked() && parser_.body_remaining() <= kDiscardBytesMax);
}

}  // namespace sluice::http
