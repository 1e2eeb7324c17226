// gRPC over HTTP/2: unary calls and every kind of stream.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "transport/context.h"
#include "transport/http/exchange.h"

namespace sluice::grpc {

class GrpcCodec final : public http::Codec {
 public:
  explicit GrpcCodec(const transport::Context& context) : context_(context) {}
  // POST over HTTP/2 with content-type application/grpc or application/grpc+…, not application/grpc-web.
  bool Matches(const http::RequestHead& head) const override;
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange& exchange, const absl::Status& status) const override;

 private:
  const transport::Context context_;
};

}  // namespace sluice::grpc
