// The Connect protocol: rpcs at their own path (/package.Service/Method), JSON or protobuf, for plain HTTP clients.
#pragma once

#include <memory>

#include "transport/context.h"
#include "transport/http/exchange.h"

namespace sluice::connect {

class ConnectCodec final : public http::Codec {
 public:
  explicit ConnectCodec(const transport::Context& context) : context_(context) {}
  // The path of an rpc that the listener serves, with any content type but gRPC's. An unknown rpc is REST's 404, which
  // clients of Connect know as `unimplemented`.
  bool Matches(const http::RequestHead& head) const override;
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange& exchange, const absl::Status& status) const override;

 private:
  const transport::Context context_;
};

}  // namespace sluice::connect
