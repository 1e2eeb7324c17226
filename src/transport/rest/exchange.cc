#include "transport/rest/exchange.h"

#include <functional>
#include <utility>

#include "transport/rest/decode_request.h"

namespace sluice::rest {

void RestExchange::Start(const Method& method, RouteMatch route) {
  route_ = std::move(route);
  response_field_ = route_.binding->response_field;
  BeginCall(MakeCall(method));
}

void RestExchange::Refuse(absl::Status refusal, std::string allow) {
  allow_ = std::move(allow);
  RefuseCall(UnknownMethod(), std::move(refusal));
}

void RestExchange::OnBodyEnd() {
  if (call_->done()) return;
  body_.Decode(
      DecodingOf(call_->method(), std::move(route_), RequestBodyOf(exchange_.head(), std::move(body_.head()))));
}

size_t RestExchange::Write(const Message& message) {
  PrintAnswer(response_field_, message, answer_);
  return answer_.size();
}

size_t RestExchange::WriteLast(Message&& message) { return late_.Take(message) ? late_.bytes() : Write(message); }

void RestExchange::End(Call& call, const absl::Status& status) {
  body_.Release();
  if (!status.ok()) return SendProblem(exchange_, call, status, allow_, context_.options.gzip_bytes_min);
  if (!late_.taken()) return SendJson(exchange_, call, std::move(answer_), context_.options.gzip_bytes_min);
  late_.Send(context_, exchange_, call, std::bind_front(PrintAnswer, response_field_), "application/json");
}

}  // namespace sluice::rest
