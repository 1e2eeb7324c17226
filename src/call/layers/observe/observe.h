// Observe: every call gets a request id, one access-log line and its metrics, however it ends. Never waits.
#pragma once

#include "base/log/access_log.h"
#include "base/random.h"
#include "call/layer.h"
#include "call/layers/observe/call_metrics.h"

namespace sluice {

class ObserveLayer final : public Layer {
 public:
  explicit ObserveLayer(const LayerContext& context)
      : random_(context.random), log_(context.log), metrics_(context.metrics) {}

  std::string_view name() const override { return "observe"; }
  Step Enter(Call& call) override;
  void Leave(Call& call) noexcept override;

 private:
  std::string RequestIdFor(Call& call);

  SharedRandom& random_;
  AccessLog& log_;
  CallMetrics metrics_;
};

}  // namespace sluice
