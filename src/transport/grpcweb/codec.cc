#include "transport/grpcweb/codec.h"

#include "transport/grpcweb/exchange.h"

namespace sluice::grpcweb {

bool GrpcWebCodec::Matches(const http::RequestHead& head) const {
  return head.method == "POST" && head.headers.Get("content-type").starts_with("application/grpc-web");
}

std::unique_ptr<http::ExchangeHandler> GrpcWebCodec::Start(http::Exchange& exchange) const {
  return Refuse(exchange, absl::OkStatus());
}

std::unique_ptr<http::ExchangeHandler> GrpcWebCodec::Refuse(http::Exchange& exchange,
                                                            const absl::Status& status) const {
  auto handler = std::make_unique<GrpcWebExchange>(context_, exchange);
  handler->Open(context_.methods, status);
  return handler;
}

}  // namespace sluice::grpcweb
