// Observe: every call gets a request id, one access-log line and its metrics, however it ends.
#pragma once

#include "base/log/access_log.h"
#include "call/layer.h"
#include "call/layers/observe/call_metrics.h"

namespace sluice {

class ObserveLayer final : public Layer {
 public:
  // Both outlive the layer.
  ObserveLayer(AccessLog& log, CallMetrics& metrics) : log_(log), metrics_(metrics) {}

  std::string_view name() const override { return "observe"; }
  Step Enter(Call& call) override;
  void Leave(Call& call) noexcept override;

 private:
  AccessLog& log_;
  CallMetrics& metrics_;
};

}  // namespace sluice
