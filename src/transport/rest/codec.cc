#include "transport/rest/codec.h"

#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/strings.h"
#include "transport/exposed.h"
#include "transport/rest/exchange.h"
#include "transport/rest/stream_exchange.h"

namespace sluice::rest {
RestCodec::RestCodec(const transport::Context& context) : context_(context) {
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
  return Error(Reason::METHOD_NOT_FOUND, "this listener exposes no API at this path");
}

std::unique_ptr<http::ExchangeHandler> RestCodec::Start(http::Exchange& exchange) const {
  RouteMatch route;
  if (absl::Status found = Find(exchange.head(), route); !found.ok()) {
    auto handler = std::make_unique<RestExchange>(context_, exchange);
    handler->Refuse(std::move(found), std::move(route.allow));
    return handler;
  }
  const Method& method = *context_.methods.all()[route.method_index];
  if (method.client_streaming || method.server_streaming) {
    auto handler = std::make_unique<StreamExchange>(context_, exchange);
    handler->Start(method, std::move(route));
    return handler;
  }
  auto handler = std::make_unique<RestExchange>(context_, exchange);
  handler->Start(method, std::move(route));
  return handler;
}

std::unique_ptr<http::ExchangeHandler> RestCodec::Refuse(http::Exchange& exchange, const absl::Status& status) const {
  auto handler = std::make_unique<RestExchange>(context_, exchange);
  handler->Refuse(status, {});
  return handler;
}

}  // namespace sluice::rest
