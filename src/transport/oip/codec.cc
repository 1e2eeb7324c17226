#include "transport/oip/codec.h"

#include <utility>

#include "ai/inference/options.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "transport/oip/exchange.h"

namespace sluice::oip {
namespace {

bool IsExposed(const Method& method, uint32_t exposed) {
  const bool admin = method.options->scope() == "admin";
  return (exposed & (admin ? http::kExposeAdmin : http::kExposeApi)) != 0;
}

}  // namespace

OipCodec::OipCodec(const CodecContext& context) : context_(context) {
  for (size_t i = 0; i < kOperations; ++i) {
    const std::string_view name = MethodName(static_cast<Operation>(i));
    methods_[i] = context.methods.Find(StrCat("/inference.GRPCInferenceService/", name));
  }
}

std::unique_ptr<http::ExchangeHandler> OipCodec::Start(http::Exchange& exchange) const {
  auto handler = std::make_unique<OipExchange>(context_, exchange);
  const http::RequestHead& head = exchange.head();
  Route route;
  std::string allow;
  absl::Status found = MatchRoute(head.method, head.path, route, allow);
  const Method* method = found.ok() ? methods_[static_cast<size_t>(route.operation)] : nullptr;
  if (found.ok() && (method == nullptr || !IsExposed(*method, head.peer.exposed))) {
    found = Error(Reason::METHOD_NOT_FOUND, "this listener does not serve this path");
    method = nullptr;
  }
  handler->Begin(method == nullptr ? UnknownMethod() : *method, std::move(route), std::move(allow), found);
  return handler;
}

std::unique_ptr<http::ExchangeHandler> OipCodec::Refuse(http::Exchange& exchange, const absl::Status& status) const {
  auto handler = std::make_unique<OipExchange>(context_, exchange);
  handler->Begin(UnknownMethod(), Route(), {}, status);
  return handler;
}

}  // namespace sluice::oip
