#include "transport/connect/codec.h"

#include "transport/connect/stream_wire.h"
#include "transport/connect/unary_exchange.h"
#include "transport/exposed.h"
#include "transport/grpc/exchange.h"

namespace sluice::connect {
namespace {

// Null: a unary exchange takes it. An error in a stream comes with status 200: not for clients that do not know of
// streams.
const grpc::Wire* StreamWireOf(const http::RequestHead& head, const Method& method) {
  return method.client_streaming || method.server_streaming ? StreamWireFor(head) : nullptr;
}

}  // namespace

bool ConnectCodec::Matches(const http::RequestHead& head) const {
  const Method* const method = context_.methods.Find(head.path);
  return method != nullptr && transport::IsExposed(*method, head.peer.exposed) &&
         !head.headers.Get("content-type").starts_with("application/grpc");
}

std::unique_ptr<http::ExchangeHandler> ConnectCodec::Start(http::Exchange& exchange) const {
  const Method& method = *context_.methods.Find(exchange.head().path);
  if (const grpc::Wire* wire = StreamWireOf(exchange.head(), method)) {
    auto handler = std::make_unique<grpc::GrpcExchange>(context_, *wire, exchange);
    handler->Start();
    return handler;
  }
  auto handler = std::make_unique<UnaryExchange>(context_, exchange);
  handler->Start(method);
  return handler;
}

std::unique_ptr<http::ExchangeHandler> ConnectCodec::Refuse(http::Exchange& exchange,
                                                            const absl::Status& status) const {
  const Method& method = *context_.methods.Find(exchange.head().path);
  if (const grpc::Wire* wire = StreamWireOf(exchange.head(), method)) {
    auto handler = std::make_unique<grpc::GrpcExchange>(context_, *wire, exchange);
    handler->Refuse(status);
    return handler;
  }
  auto handler = std::make_unique<UnaryExchange>(context_, exchange);
  handler->Refuse(method, status);
  return handler;
}

}  // namespace sluice::connect
