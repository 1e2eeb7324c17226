// gRPC over HTTP/2: unary calls and every kind of stream.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "base/budget.h"
#include "base/chores.h"
#include "base/clock.h"
#include "call/layer.h"
#include "call/method.h"
#include "transport/http/exchange.h"

namespace sluice::grpc {

// Everything outlives the codec.
struct CodecContext {
  const MethodTable& methods;
  const Chain& chain;
  Chores& chores;  // large and compressed messages are parsed there
  Budget& budget;  // a large message stays charged until the call's last job is done with it
  size_t message_bytes_max = 32 << 20;
  size_t response_buffer_bytes = 1 << 20;           // as Limits: above, CallPort::CanWrite is false
  Duration stream_idle = std::chrono::minutes(10);  // a stream on which nothing moves either way is over; 0 = never
  size_t gzip_bytes_min = 0;  // responses from this size are compressed for clients that take it; 0 = never
};

class GrpcCodec final : public http::Codec {
 public:
  explicit GrpcCodec(const CodecContext& context) : context_(context) {}
  // POST over HTTP/2 with content-type application/grpc or application/grpc+…, not application/grpc-web.
  bool Matches(const http::RequestHead& head) const override;
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange& exchange, const absl::Status& status) const override;

 private:
  const CodecContext context_;
};

}  // namespace sluice::grpc
