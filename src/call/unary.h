// Typed handlers: api/ registers a function of (call, request) and never sees Message.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "call/call.h"

namespace sluice {

// Handler of a method with one request message. `fn` owns the request and ends the call with Call::Reply or Call::Fail,
// now or later (it keeps the shared_ptr); `on_cancel` runs when the call ended in another way.
template <typename Request>
class UnaryHandler final : public CallHandler {
 public:
  using Function = std::function<void(std::shared_ptr<Call>, std::unique_ptr<Request>)>;

  UnaryHandler(Call& call, const Function& fn) : call_(call), fn_(fn) {}
  void OnMessage(MessagePtr message) override {
    fn_(call_.shared_from_this(), std::unique_ptr<Request>(static_cast<Request*>(message.release())));
  }

 private:
  Call& call_;
  const Function& fn_;
};

template <typename Request>
std::function<std::unique_ptr<CallHandler>(Call&)> Unary(typename UnaryHandler<Request>::Function fn) {
  return [fn = std::move(fn)](Call& call) { return std::make_unique<UnaryHandler<Request>>(call, fn); };
}

}  // namespace sluice
