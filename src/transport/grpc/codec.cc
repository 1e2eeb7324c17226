#include "transport/grpc/codec.h"

#include "transport/grpc/exchange.h"

namespace sluice::grpc {

bool GrpcCodec::Matches(const http::RequestHead& head) const {
  constexpr std::string_view kType = "application/grpc";
  if (head.version != http::Version::kHttp2 || head.method != "POST") return false;
  const std::string_view type = head.headers.Get("content-type");
  if (!type.starts_with(kType)) return false;
  return type.size() == kType.size() || type[kType.size()] == '+' || type[kType.size()] == ';';
}

std::unique_ptr<http::ExchangeHandler> GrpcCodec::Start(http::Exchange& exchange) const {
  auto handler = std::make_unique<GrpcExchange>(context_, kGrpcWire, exchange);
  handler->Start();
  return handler;
}

std::unique_ptr<http::ExchangeHandler> GrpcCodec::Refuse(http::Exchange& exchange, const absl::Status& status) const {
  auto handler = std::make_unique<GrpcExchange>(context_, kGrpcWire, exchange);
  handler->Refuse(status);
  return handler;
}

}  // namespace sluice::grpc
