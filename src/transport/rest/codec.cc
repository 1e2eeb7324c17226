#include "transport/rest/codec.h"

#include <functional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/strings.h"
#include "call/call.h"
#include "json/writer.h"
#include "transport/exposed.h"
#include "transport/new_call.h"
#include "transport/rest/answer.h"
#include "transport/rest/request_body.h"
#include "transport/rest/stream_exchange.h"

namespace sluice::rest {
namespace {

// One unary call.
class RestExchange final : public http::ExchangeHandler, public CallPort {
 public:
  RestExchange(const CodecContext& context, http::Exchange& exchange)
      : context_(context), exchange_(exchange), body_(context, exchange) {}
  ~RestExchange() override {
    if (call_ != nullptr) call_->Detach();
  }

  void Begin(const Method& method, RouteMatch route, const absl::Status& refusal);

  void OnBody(std::string_view bytes) override { body_.OnBody(bytes); }
  void OnBodyEnd() override { body_.OnBodyEnd(call_->method(), std::move(route_)); }
  void OnDrain() override { call_->Drain(); }
  void OnClosed(http::CloseReason reason) override { call_->Detach(); }

  size_t Write(const Message& message) override;
  size_t WriteLast(Message&& message) override;
  void End(Call& call, const absl::Status& status) override;

 private:
  const CodecContext& context_;
  http::Exchange& exchange_;
  RouteMatch route_;
  const google::protobuf::FieldDescriptor* response_field_ = nullptr;
  std::shared_ptr<Call> call_;
  RequestCollector body_;
  std::string answer_;
  LateAnswer late_;
};

void RestExchange::Begin(const Method& method, RouteMatch route, const absl::Status& refusal) {
  route_ = std::move(route);
  if (route_.binding != nullptr) response_field_ = route_.binding->response_field;
  call_ = transport::NewCall(exchange_, method, Protocol::kRest, context_.chain, *this);
  call_->Begin();
  if (!refusal.ok()) call_->Fail(refusal);
  if (absl::Status length = body_.Begin(call_); !length.ok()) call_->Fail(std::move(length));
}

size_t RestExchange::Write(const Message& message) {
  PrintAnswer(response_field_, message, answer_);
  return answer_.size();
}

size_t RestExchange::WriteLast(Message&& message) { return late_.Take(message) ? late_.bytes() : Write(message); }

void RestExchange::End(Call& call, const absl::Status& status) {
  body_.Release();
  if (status.ok() && late_.taken()) {
    return late_.Send(context_.chores, context_.budget, exchange_, call, std::bind_front(PrintAnswer, response_field_),
                      "application/json", context_.gzip_bytes_min);
  }
  if (status.ok()) return SendJson(exchange_, call, std::move(answer_), context_.gzip_bytes_min);
  SendProblem(exchange_, call, status, route_.allow, context_.gzip_bytes_min);
}

}  // namespace

RestCodec::RestCodec(const CodecContext& context) : context_(context) {
  int index = 0;
  for (const auto& method : context_.methods.all()) {
    const absl::Status added = router_.Add(method->descriptor, index++);
    SLUICE_CHECK(added.ok(), StrCat(method->name, ": ", added.message()));
  }
}

absl::Status RestCodec::Find(const http::RequestHead& head, RouteMatch& route) const {
  RETURN_IF_ERROR(router_.Match(head.method, head.path, route));
  if (transport::IsExposed(*context_.methods.all()[route.method_index], head.peer.exposed)) return absl::OkStatus();
  route = {};
  return Error(Reason::METHOD_NOT_FOUND, "this listener serves no API with this path");
}

std::unique_ptr<http::ExchangeHandler> RestCodec::Start(http::Exchange& exchange) const {
  RouteMatch route;
  const absl::Status found = Find(exchange.head(), route);
  const Method& method = found.ok() ? *context_.methods.all()[route.method_index] : UnknownMethod();
  if (method.client_streaming || method.server_streaming) {
    auto handler = std::make_unique<StreamExchange>(context_, exchange);
    handler->Begin(method, std::move(route));
    return handler;
  }
  auto handler = std::make_unique<RestExchange>(context_, exchange);
  handler->Begin(method, std::move(route), found);
  return handler;
}

std::unique_ptr<http::ExchangeHandler> RestCodec::Refuse(http::Exchange& exchange, const absl::Status& status) const {
  auto handler = std::make_unique<RestExchange>(context_, exchange);
  handler->Begin(UnknownMethod(), RouteMatch(), status);
  return handler;
}

}  // namespace sluice::rest
