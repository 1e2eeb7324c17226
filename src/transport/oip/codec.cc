#include "transport/oip/codec.h"

#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "transport/exposed.h"
#include "transport/oip/exchange.h"

namespace sluice::oip {
OipCodec::OipCodec(const transport::Context& context) : context_(context) {
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
  if (found.ok() && (method == nullptr || !transport::IsExposed(*method, head.peer.exposed))) {
    found = Error(Reason::METHOD_NOT_FOUND, "this listener does not expose this path");
  }
  found.ok() ? handler->Start(*method, std::move(route)) : handler->Refuse(std::move(found), std::move(allow));
  return handler;
}

std::unique_ptr<http::ExchangeHandler> OipCodec::Refuse(http::Exchange& exchange, const absl::Status& status) const {
  auto handler = std::make_unique<OipExchange>(context_, exchange);
  handler->Refuse(status, {});
  return handler;
}

}  // namespace sluice::oip
