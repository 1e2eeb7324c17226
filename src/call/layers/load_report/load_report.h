// Load report: tells a load balancer, in the answer, how busy this replica is (ORCA, gRFC A51). A proxy that asks with
// `endpoint-load-metrics-format: text` or `json` gets `endpoint-load-metrics`; Envoy's
// client_side_weighted_round_robin gives a replica the more calls the less busy it is for what it does.
#pragma once

#include "call/layer.h"
#include "call/telemetry.h"

namespace sluice {

class LoadReportLayer final : public Layer {
 public:
  explicit LoadReportLayer(const LayerContext& context) : load_(context.telemetry.load) {}
  std::string_view name() const override { return "load_report"; }
  void OnAnswer(Call& call, const Message& answer) override;

 private:
  const RecentLoad& load_;
};

}  // namespace sluice
