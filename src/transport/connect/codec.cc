#include "transport/connect/codec.h"

#include "transport/connect/stream_exchange.h"
#include "transport/connect/unary_exchange.h"
#include "transport/exposed.h"

namespace sluice::connect {

bool ConnectCodec::Matches(const http::RequestHead& head) const {
  const Method* const method = context_.methods.Find(head.path);
  return method != nullptr && transport::IsExposed(*method, head.peer.exposed) &&
         !head.headers.Get("content-type").starts_with("application/grpc");
}

std::unique_ptr<http::ExchangeHandler> ConnectCodec::Start(http::Exchange& exchange) const {
  return Refuse(exchange, absl::OkStatus());
}

std::unique_ptr<http::ExchangeHandler> ConnectCodec::Refuse(http::Exchange& exchange,
                                                            const absl::Status& status) const {
  const http::RequestHead& head = exchange.head();
  const Method& method = *context_.methods.Find(head.path);
  // An error in a stream comes with status 200: not for clients that do not know of streams.
  if (IsStreamRequest(head) && (method.client_streaming || method.server_streaming)) {
    auto handler = std::make_unique<StreamExchange>(streams_, exchange);
    handler->Open(context_.methods, status);
    return handler;
  }
  auto handler = std::make_unique<UnaryExchange>(context_, exchange);
  handler->Begin(method, status);
  return handler;
}

}  // namespace sluice::connect
