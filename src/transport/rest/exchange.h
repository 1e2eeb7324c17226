// One unary call over REST.
#pragma once

#include <string>

#include "transport/body_exchange.h"
#include "transport/rest/answer.h"
#include "transport/rest/router.h"

namespace sluice::rest {

class RestExchange final : public transport::BodyExchange {
 public:
  RestExchange(const transport::Context& context, http::Exchange& exchange)
      : BodyExchange(context, exchange, Protocol::kRest) {}

  // One of them, once. Each makes the call, so that refusals are logged and counted, too. `allow`: the verbs of a
  // VERB_NOT_ALLOWED, else empty.
  void Start(const Method& method, RouteMatch route);
  void Refuse(absl::Status refusal, std::string allow);

  void OnBodyEnd() override;
  size_t AnswerBytes(const Message& message) const override { return JsonAnswerBytes(message); }
  size_t Write(const Message& message) override;
  size_t WriteLast(Message&& message) override;
  void End(Call& call, const absl::Status& status) override;

 private:
  RouteMatch route_;
  const google::protobuf::FieldDescriptor* response_field_ = nullptr;  // null: all of the response
  std::string allow_;
  std::string answer_;
  LateAnswer late_;
};

}  // namespace sluice::rest
