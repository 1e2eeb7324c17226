// The REST side of the Open Inference Protocol v2: /v2 and below, with the binary tensor data extension. The methods are those
// of inference.GRPCInferenceService.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "base/budget.h"
#include "base/chores.h"
#include "call/layer.h"
#include "call/method.h"
#include "transport/http/exchange.h"
#include "transport/oip/route.h"

namespace sluice::oip {

// Everything outlives the codec.
struct CodecContext {
  const MethodTable& methods;
  const Chain& chain;
  Chores& chores;  // large JSON is read and written there, compressed bodies too
  Budget& budget;  // a body stays charged until its call's last job is done with it
  size_t body_bytes_max = 32 << 20;
};

class OipCodec final : public http::Codec {
 public:
  explicit OipCodec(const CodecContext& context);
  bool Matches(const http::RequestHead& head) const override { return IsOipPath(head.path); }
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange& exchange, const absl::Status& status) const override;

 private:
  const CodecContext context_;
  std::array<const Method*, kOperations> methods_;  // null: not registered
};

}  // namespace sluice::oip
