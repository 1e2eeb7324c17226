// One unary call over REST.
#pragma once

#include <memory>
#include <string>

#include "call/call.h"
#include "transport/body_collector.h"
#include "transport/context.h"
#include "transport/rest/answer.h"
#include "transport/rest/router.h"

namespace sluice::rest {

class RestExchange final : public http::ExchangeHandler, public CallPort {
 public:
  RestExchange(const transport::Context& context, http::Exchange& exchange)
      : context_(context), exchange_(exchange), body_(context, exchange) {}
  ~RestExchange() override {
    if (call_ != nullptr) call_->Detach();
  }

  // One of them, once. Each makes the call, so that refusals are logged and counted, too. `allow`: the verbs of a
  // VERB_NOT_ALLOWED, else empty.
  void Start(const Method& method, RouteMatch route);
  void Refuse(absl::Status refusal, std::string allow);

  // --- http::ExchangeHandler ---
  void OnBody(std::string_view bytes) override { body_.OnBody(bytes); }
  void OnBodyEnd() override;
  void OnDrain() override { call_->Drain(); }
  void OnClosed(http::CloseReason) override { call_->Detach(); }

  // --- CallPort ---
  size_t Write(const Message& message) override;
  size_t WriteLast(Message&& message) override;
  void End(Call& call, const absl::Status& status) override;

 private:
  const transport::Context& context_;
  http::Exchange& exchange_;
  RouteMatch route_;
  const google::protobuf::FieldDescriptor* response_field_ = nullptr;  // null: all of the response
  std::string allow_;
  std::shared_ptr<Call> call_;
  transport::BodyCollector body_;
  std::string answer_;
  LateAnswer late_;
};

}  // namespace sluice::rest
