// The codecs in their order: whom an exchange goes to.
#pragma once

#include <memory>
#include <vector>

#include "transport/http/exchange.h"

namespace sluice::transport {

using Codecs = std::vector<std::unique_ptr<http::Codec>>;

// The first codec that matches takes an exchange, the last every other; refusals speak the protocol that the client
// expects.
class CodecDispatcher final : public http::Dispatcher {
 public:
  // At least one. Immutable from here on, so of any loop.
  explicit CodecDispatcher(Codecs codecs) : codecs_(std::move(codecs)) {}
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) override;
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange& exchange, const absl::Status& status) override;

 private:
  const Codecs codecs_;
};

}  // namespace sluice::transport
