#include "call/call.h"

#include <utility>

#include "base/crowding.h"
#include "base/error.h"
#include "base/no_memory.h"
#include "base/turn.h"

namespace sluice {
namespace {

const Headers kNoHeaders;

}  // namespace

std::string_view ToString(Protocol protocol) {
  switch (protocol) {
    case Protocol::kGrpc: return "grpc";
    case Protocol::kGrpcWeb: return "grpc-web";
    case Protocol::kConnect: return "connect";
    case Protocol::kRest: return "rest";
    case Protocol::kWebSocket: return "websocket";
    case Protocol::kOip: return "oip";
  }
  return "unknown";
}

std::shared_ptr<Call> Call::Create(const Start& start, Loop& loop, const Chain& chain, CallPort& port) {
  return std::shared_ptr<Call>(new Call(start, loop, chain, port));
}

Call::Call(const Start& start, Loop& loop, const Chain& chain, CallPort& port)
    : client_ip(start.client_ip),
      method_(start.method),
      protocol_(start.protocol),
      loop_(loop),
      chain_(chain),
      port_(&port),
      headers_(start.headers),
      arrived_(start.arrived),
      received_(start.arrived),
      budget_(start.budget) {
  work_class = method_->work_class.value_or(WorkClass::kLive);
}

Call::~Call() {
  // A codec that drops a call without ending it has a bug; the layers still get back what they gave.
  if (phase_ != Phase::kDone) Cancel();
}

void Call::Begin() { Advance(); }

// Enters the layers, then takes each pending message through them to the handler, then tells it of the request's end.
void Call::Advance() {
  NameTurn(method_->name);
  if (parked_ || std::exchange(advancing_, true)) return;
  const auto self = weak_from_this().lock();
  if (EnterLayers() && PassPending() && request_ended_ && handler_ != nullptr) {
    request_ended_ = false;
    handler_->OnRequestEnd();
  }
  advancing_ = false;
}

// True: go on with the next layer.
bool Call::Took(Step step) {
  parked_ = step == Step::kPark && phase_ != Phase::kDone;
  return step == Step::kNext && phase_ != Phase::kDone;
}

bool Call::EnterLayers() {
  if (phase_ != Phase::kArriving) return phase_ == Phase::kOpen;
  while (entered_ < chain_.size()) {
    if (!Took(chain_[entered_++]->Enter(*this))) return false;
  }
  if (phase_ == Phase::kDone) return false;
  phase_ = Phase::kOpen;
  if (!refusal_.ok()) {
    Finish(std::move(refusal_));
    return false;
  }
  // A client stream's handler may answer before the first message.
  if (method_->client_streaming) StartHandler();
  return phase_ == Phase::kOpen;
}

bool Call::PassPending() {
  while (!pending_.empty() && phase_ == Phase::kOpen) {
    while (passed_ < chain_.size()) {
      if (!Took(chain_[passed_++]->OnRequest(*this, *pending_.front()))) return false;
    }
    passed_ = 0;
    MessagePtr message = std::move(pending_.front());
    pending_.erase(pending_.begin());
    StartHandler();
    if (phase_ == Phase::kOpen) handler_->OnMessage(std::move(message));
  }
  return phase_ == Phase::kOpen;
}

void Call::Resume() {
  if (!parked_ || phase_ == Phase::kDone) return;
  parked_ = false;
  Advance();
}

void Call::StartHandler() {
  if (handler_ == nullptr) handler_ = method_->start(*this);
}

void Call::Deliver(MessagePtr message, size_t bytes) {
  if (phase_ == Phase::kDone) return;
  bytes_in += bytes;
  if (!std::exchange(request_received_, true) || !method_->client_streaming) received_ = loop_.clock().Now();
  if (!method_->client_streaming) completed_ = received_;
  pending_.push_back(std::move(message));
  Advance();
}

void Call::RequestEnd() {
  if (phase_ == Phase::kDone) return;
  request_ended_ = true;
  if (method_->client_streaming) completed_ = loop_.clock().Now();
  Advance();
}

void Call::Writable() {
  if (phase_ == Phase::kOpen && handler_ != nullptr) handler_->OnWritable();
}

void Call::Drain() {
  if (phase_ == Phase::kOpen && handler_ != nullptr) handler_->OnDrain();
}

template <typename WriteMessage>
void Call::SendBy(const Message& message, WriteMessage write) {
  if (phase_ == Phase::kDone || port_ == nullptr) return;
  if (!HasRoomFor(message)) {
    return Finish(NoMemoryFor("this response"));
  }
  if (!method_->server_streaming) LatencyMs();
  for (size_t i = entered_; i > 0; --i) chain_[i - 1]->OnAnswer(*this, message);
  bytes_out += write(*port_);
}

bool Call::HasRoomFor(const Message& message) const {
  if (budget_ == nullptr) return true;
  const size_t bytes = port_->AnswerBytes(message);
  if (bytes <= Budget::kSmallBytes) return true;
  size_t held = kept_.bytes();
  for (size_t i = 0; !method_->server_streaming && i < held_.size(); ++i) held += held_[i]->bytes();
  return bytes <= held || budget_->Fits(bytes - held);
}

// Many small things are a large one.
bool Call::Keep(size_t bytes) {
  if (budget_ == nullptr) return true;
  const size_t kept = kept_.bytes() + bytes;
  if (kept > Budget::kSmallBytes && budget_->Over()) return false;
  return kept_.TryResize(*budget_, kept);
}

void Call::Send(const Message& message) {
  SendBy(message, [&](CallPort& port) { return port.Write(message); });
}

void Call::Reply(Message&& message) {
  SendBy(message, [&](CallPort& port) { return port.WriteLast(std::move(message)); });
  Finish(absl::OkStatus());
}

double Call::LatencyMs() {
  if (!std::exchange(latency_fixed_, true)) latency_ms_ = ToMs(loop_.clock().Now() - received_);
  return latency_ms_;
}

void Call::Finish(absl::Status status) {
  if (phase_ == Phase::kDone) return;
  const auto self = weak_from_this().lock();  // the codec may drop its reference in End
  NameTurn(method_->name);
  ended_in_ = Where();
  phase_ = Phase::kDone;
  outcome_ = std::move(status);
  LatencyMs();
  if (CallPort* port = std::exchange(port_, nullptr)) {
    if (IsCrowding(outcome_)) port->HoldBack(kCrowdingPause);
    port->End(*this, outcome_);
  }
  LeaveLayers();
  if (outcome_.ok()) {
    kept_ = {};
    return held_.clear();  // its jobs are done
  }
  abandoned_.request_stop();
  if (Task stop = std::exchange(stop_, nullptr)) stop();
  if (handler_ != nullptr) handler_->OnCancel();
}

void Call::Cancel() {
  if (phase_ != Phase::kDone) Detach();
}

void Call::Detach() {
  // Every call that was answered comes by here, too: no error is made for those.
  if (phase_ == Phase::kDone) return Detach(absl::OkStatus());
  Detach(Error(Reason::CANCELLED, "the client disconnected before the response"));
}

void Call::Detach(absl::Status why) {
  port_ = nullptr;
  phase_ == Phase::kDone ? static_cast<void>(abandoned_.request_stop()) : Finish(std::move(why));
}

ChoreOwner Call::chore_owner() {
  if (!abandoned_.stop_possible()) {
    abandoned_ = std::stop_source();
    if (done() && !outcome_.ok()) abandoned_.request_stop();
  }
  return {.principal = principal(), .work_class = work_class, .stop = abandoned_.get_token()};
}

CallUse& Call::UseOf(std::string_view model_id, std::string_view model_version) {
  for (CallUse& use : uses) {
    if (use.model_id == model_id && use.model_version == model_version) return use;
  }
  if (uses.size() == kUsesMax) return uses.back();
  CallUse& use = uses.emplace_back();
  use.model_id = model_id;
  use.model_version = model_version;
  return use;
}

void Call::Note(std::string_view layer, std::string_view model, const absl::Status& why) {
  if (notes.size() < kNotesMax) notes.push_back({.layer = layer, .model = std::string(model), .why = why});
}

// The layer that the call is in, or is parked by; else who has it.
std::string_view Call::Where() const {
  if (phase_ == Phase::kArriving && entered_ > 0) return chain_[entered_ - 1]->name();
  if (passed_ > 0) return chain_[passed_ - 1]->name();
  return handler_ == nullptr ? "request" : "handler";
}

std::string_view Call::StageName() const {
  switch (phase_) {
    case Phase::kArriving: return "head";
    case Phase::kOpen: return handler_ == nullptr ? "body" : "work";
    case Phase::kDone: return "done";
  }
  return "";
}

void Call::ReadMore() {
  if (phase_ == Phase::kOpen && port_ != nullptr) port_->ReadMore();
}

void Call::LeaveLayers() noexcept {
  while (entered_ > 0) chain_[--entered_]->Leave(*this);
  headers_ = &kNoHeaders;  // the codec's are about to go
}

}  // namespace sluice
