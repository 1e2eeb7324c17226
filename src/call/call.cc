#include "call/call.h"

#include <utility>

#include "base/error.h"

namespace sluice {

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
      received_(start.arrived) {}

Call::~Call() {
  // A codec that drops a call without ending it has a bug; the layers still get back what they gave.
  if (phase_ != Phase::kDone) Cancel();
}

void Call::Begin() { EnterLayers(); }

Layer& Call::LayerAt(size_t index) const {
  const size_t arrival = chain_.arrival.size();
  return index < arrival ? *chain_.arrival[index] : *chain_.request[index - arrival];
}

void Call::EnterLayers() {
  const size_t end = chain_.arrival.size() + (request_decoded_ ? chain_.request.size() : 0);
  while (entered_ < end && phase_ != Phase::kDone) {
    const Step step = LayerAt(entered_++).Enter(*this);
    if (step == Step::kNext) continue;
    parked_ = step == Step::kPark && phase_ != Phase::kDone;
    return;
  }
  if (phase_ == Phase::kDone) return;
  phase_ = Phase::kOpen;
  if (!refusal_.ok()) return Finish(std::move(refusal_));
  // A client stream's handler starts with the head, so that it can answer before the first message.
  if (request_decoded_ || method_->client_streaming) StartHandler();
  DeliverPending();
}

void Call::Resume() {
  if (!parked_ || phase_ == Phase::kDone) return;
  parked_ = false;
  EnterLayers();
}

void Call::StartHandler() {
  if (handler_ == nullptr) handler_ = method_->start(*this);
}

void Call::Deliver(MessagePtr message, size_t bytes) {
  if (phase_ == Phase::kDone) return;
  bytes_in += bytes;
  if (!request_decoded_ || !method_->client_streaming) received_ = loop_.clock().Now();
  if (!PassMessage(Direction::kRequest, bytes)) return;
  pending_.push_back(std::move(message));
  const bool first = !std::exchange(request_decoded_, true);
  if (parked_) return;
  if (first) {
    EnterLayers();
  } else {
    DeliverPending();
  }
}

void Call::RequestEnd() {
  if (phase_ == Phase::kDone) return;
  request_ended_ = true;
  if (!parked_) DeliverPending();
}

void Call::DeliverPending() {
  if (handler_ == nullptr || parked_) return;
  while (!pending_.empty() && phase_ != Phase::kDone) {
    MessagePtr message = std::move(pending_.front());
    pending_.erase(pending_.begin());
    handler_->OnMessage(std::move(message));
  }
  if (request_ended_ && phase_ != Phase::kDone && std::exchange(request_ended_, false)) handler_->OnRequestEnd();
}

void Call::Writable() {
  if (phase_ == Phase::kOpen && handler_ != nullptr) handler_->OnWritable();
}

void Call::Drain() {
  if (phase_ == Phase::kOpen && handler_ != nullptr) handler_->OnDrain();
}

bool Call::PassMessage(Direction direction, size_t bytes) {
  for (size_t i = 0; i < entered_; ++i) {
    if (LayerAt(i).OnMessage(*this, direction, bytes) != Step::kNext) return false;
  }
  return true;
}

template <typename WriteMessage>
void Call::SendBy(WriteMessage write) {
  if (phase_ == Phase::kDone || port_ == nullptr) return;
  if (!method_->server_streaming) LatencyMs();
  const size_t bytes = write(*port_);
  bytes_out += bytes;
  PassMessage(Direction::kResponse, bytes);
}

void Call::Send(const Message& message) {
  SendBy([&](CallPort& port) { return port.Write(message); });
}

void Call::Reply(Message&& message) {
  SendBy([&](CallPort& port) { return port.WriteLast(std::move(message)); });
  Finish(absl::OkStatus());
}

double Call::LatencyMs() {
  if (!std::exchange(latency_fixed_, true)) latency_ms_ = ToMs(loop_.clock().Now() - received_);
  return latency_ms_;
}

void Call::Finish(absl::Status status) {
  if (phase_ == Phase::kDone) return;
  const auto self = weak_from_this().lock();  // the codec may drop its reference in End
  phase_ = Phase::kDone;
  outcome_ = std::move(status);
  LatencyMs();
  if (CallPort* port = std::exchange(port_, nullptr)) port->End(*this, outcome_);
  LeaveLayers();
  if (outcome_.ok()) return;
  abandoned_.request_stop();
  if (Task stop = std::exchange(stop_, nullptr)) stop();
  if (handler_ != nullptr) handler_->OnCancel();
}

void Call::Cancel() {
  if (phase_ == Phase::kDone) return;
  port_ = nullptr;
  Finish(Error(Reason::CANCELLED, "the client went away before the answer"));
}

void Call::Detach() {
  if (phase_ == Phase::kDone) {
    port_ = nullptr;
    abandoned_.request_stop();
  } else {
    Cancel();
  }
}

ChoreOwner Call::chore_owner() {
  if (!abandoned_.stop_possible()) {
    abandoned_ = std::stop_source();
    if (done() && !outcome_.ok()) abandoned_.request_stop();
  }
  return {.principal = principal(), .stop = abandoned_.get_token()};
}

void Call::ReadMore() {
  if (phase_ == Phase::kOpen && port_ != nullptr) port_->ReadMore();
}

void Call::LeaveLayers() noexcept {
  while (entered_ > 0) LayerAt(--entered_).Leave(*this);
}

}  // namespace sluice
