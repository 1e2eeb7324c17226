// An exchange whose request is one body and whose response is one answer: what REST's unary calls, Connect's and those
// of the Open Inference Protocol share.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "call/call.h"
#include "transport/body_collector.h"
#include "transport/context.h"
#include "transport/http/exchange.h"
#include "transport/new_call.h"

namespace sluice::transport {

class BodyExchange : public http::ExchangeHandler, public CallPort {
 public:
  ~BodyExchange() override {
    if (call_ != nullptr) call_->Detach();
  }
  void OnBody(std::string_view bytes) final { body_.OnBody(bytes); }
  std::span<char> PlaceFor(size_t bytes) final { return body_.PlaceFor(bytes); }
  void OnBodyPlaced(size_t bytes) final { body_.OnBodyPlaced(bytes); }
  void OnNoMemory() final { call_->Fail(BudgetUsedUp()); }
  void OnDrain() final { call_->Drain(); }
  void OnClosed(http::CloseReason reason) final { EndCall(*call_, reason); }
  void HoldBack(Duration time) final { exchange_.HoldBack(time); }

 protected:
  // The references outlive it.
  BodyExchange(const Context& context, http::Exchange& exchange, Protocol protocol)
      : context_(context), exchange_(exchange), body_(context, exchange), protocol_(protocol) {}

  // First of all. The error, of a body that is announced too large, is to be refused.
  absl::Status MakeCall(const Method& method) {
    call_ = NewCall(exchange_, method, protocol_, context_, *this);
    return body_.Begin(call_);
  }
  // Last: the call begins, or is refused with what was wrong.
  void BeginCall(absl::Status status) { status.ok() ? call_->Begin() : call_->Refuse(std::move(status)); }
  // Both, for what is turned away; so it is logged and counted, too.
  void RefuseCall(const Method& method, absl::Status refusal) {
    MakeCall(method).IgnoreError();
    BeginCall(std::move(refusal));
  }

  const Context& context_;
  http::Exchange& exchange_;
  std::shared_ptr<Call> call_;
  BodyCollector body_;

 private:
  const Protocol protocol_;
};

}  // namespace sluice::transport
