#include "transport/grpcweb/codec.h"

#include "transport/grpc/exchange.h"
#include "transport/grpcweb/text_exchange.h"
#include "transport/grpcweb/wire.h"

namespace sluice::grpcweb {
namespace {

constexpr std::string_view kText = "application/grpc-web-text";

// Text, when the request is or the answer shall be; then `open` gets the exchange inside the base64.
template <typename Open>
std::unique_ptr<http::ExchangeHandler> NewExchange(const transport::Context& context, http::Exchange& exchange,
                                                   Open open) {
  const Headers& headers = exchange.head().headers;
  const bool text = headers.Get("content-type").starts_with(kText);
  if (text || headers.Get("accept").starts_with(kText)) {
    auto handler = std::make_unique<TextExchange>(context, exchange, text);
    open(handler->inside());
    return handler;
  }
  auto handler = std::make_unique<grpc::GrpcExchange>(context, kBinaryWire, exchange);
  open(*handler);
  return handler;
}

}  // namespace

bool GrpcWebCodec::Matches(const http::RequestHead& head) const {
  return head.method == "POST" && head.headers.Get("content-type").starts_with("application/grpc-web");
}

std::unique_ptr<http::ExchangeHandler> GrpcWebCodec::Start(http::Exchange& exchange) const {
  return NewExchange(context_, exchange, [](grpc::GrpcExchange& opened) { opened.Start(); });
}

std::unique_ptr<http::ExchangeHandler> GrpcWebCodec::Refuse(http::Exchange& exchange,
                                                            const absl::Status& status) const {
  return NewExchange(context_, exchange, [&status](grpc::GrpcExchange& opened) { opened.Refuse(status); });
}

}  // namespace sluice::grpcweb
