// The REST side of the Open Inference Protocol v2: /v2 and below, with the binary tensor data extension. The methods
// are those of inference.GRPCInferenceService.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "transport/context.h"
#include "transport/http/exchange.h"
#include "transport/oip/route.h"

namespace sluice::oip {

class OipCodec final : public http::Codec {
 public:
  explicit OipCodec(const transport::Context& context);
  bool Matches(const http::RequestHead& head) const override { return IsOipPath(head.path); }
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange& exchange, const absl::Status& status) const override;

 private:
  const transport::Context context_;
  std::array<const Method*, kOperations> methods_;  // null: not registered
};

}  // namespace sluice::oip
