// Observe: every call gets a request id, a trace, one access-log line and its metrics, however it ends; those that are
// worth it are kept for questions and become spans. Never waits.
#pragma once

#include "base/log/access_log.h"
#include "base/random.h"
#include "call/layer.h"
#include "call/layers/observe/call_metrics.h"
#include "call/telemetry.h"

namespace sluice {

class ObserveLayer final : public Layer {
 public:
  explicit ObserveLayer(const LayerContext& context);

  std::string_view name() const override { return "observe"; }
  Step Enter(Call& call) override;
  void Leave(Call& call) noexcept override;

 private:
  std::string RequestIdFor(Call& call);
  void JoinTrace(Call& call);
  bool Keep(Call& call, const CallEnd& end);
  uint64_t NewId();

  SharedRandom& random_;
  AccessLog& log_;
  Telemetry& telemetry_;
  const bool counts_;
  CallMetrics metrics_;
  // The state of this thread's ids; 0: none yet.
  struct Ids {
    uint64_t state = 0;
  };
  PerThread<Ids> ids_;
};

}  // namespace sluice
