// gRPC-Web: gRPC for browsers, which can neither send HTTP/2 frames of their choice nor read trailers. Same messages
// and frames as gRPC, over HTTP/1.1 or HTTP/2; the trailers are the body's last frame; in the text form all of it is
// base64.
#pragma once

#include <memory>

#include "transport/context.h"
#include "transport/http/exchange.h"

namespace sluice::grpcweb {

class GrpcWebCodec final : public http::Codec {
 public:
  explicit GrpcWebCodec(const transport::Context& context) : context_(context) {}
  // POST with content-type application/grpc-web or application/grpc-web-text, with or without +proto.
  bool Matches(const http::RequestHead& head) const override;
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange& exchange, const absl::Status& status) const override;

 private:
  const transport::Context context_;
};

}  // namespace sluice::grpcweb
