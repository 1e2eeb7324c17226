#include "transport/websocket/codec.h"

#include <utility>

#include "ai/inference/options.pb.h"
#include "base/check.h"
#include "base/strings.h"
#include "transport/exposed.h"
#include "transport/websocket/exchange.h"

namespace sluice::websocket {

WebSocketCodec::WebSocketCodec(const transport::Context& context) : context_(context) {
  for (const auto& method : context_.methods.all()) {
    const std::string& path = method->options->websocket_path();
    if (path.empty()) continue;
    SLUICE_CHECK(method->client_streaming, StrCat(method->name, ": websocket_path needs a stream of requests"));
    by_path_[path] = method.get();
  }
}

const Method* WebSocketCodec::Find(const http::RequestHead& head) const {
  const auto it = by_path_.find(ToAbsl(head.path));
  if (it == by_path_.end() || !transport::IsExposed(*it->second, head.peer.exposed)) return nullptr;
  return it->second;
}

std::unique_ptr<http::ExchangeHandler> WebSocketCodec::Start(http::Exchange& exchange) const {
  auto handler = std::make_unique<WebSocketExchange>(context_, exchange);
  handler->Start(*Find(exchange.head()));
  return handler;
}

}  // namespace sluice::websocket
