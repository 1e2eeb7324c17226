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
  bool MayKeep(CallRecord::Kept kept, TimePoint now);
  uint64_t NewId();

  SharedRandom& random_;
  AccessLog& log_;
  Telemetry& telemetry_;
  const bool counts_;
  CallMetrics metrics_;
  struct OfThread {
    uint64_t ids = 0;  // their state; 0: none yet
    TimePoint second{};
    uint32_t samples = 0, refusals = 0;  // kept since then
  };
  PerThread<OfThread> threads_;
};

}  // namespace sluice
