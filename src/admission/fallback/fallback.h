// Fallback: when a model's breaker is open, its queue is full or it cannot be loaded, `fallback:` of its model.yaml
// names one that answers instead (X-Sluice-Degraded: <model>@<version>). Without one, or when that refuses too, the
// client is told that the service is busy, and why.
#pragma once

#include "admission/layer.h"
#include "base/busy.h"

namespace prometheus {
class Counter;
template <typename T>
class Family;
}  // namespace prometheus

namespace sluice {

class FallbackLayer final : public AdmissionLayer {
 public:
  explicit FallbackLayer(const AdmissionContext& context);
  std::string_view name() const override { return "fallback"; }
  absl::StatusOr<ModelHandle> Propose(const ModelUse& use, const absl::Status& why) override;
  absl::Status Enter(ModelUse& use) override;
  void Leave(ModelUse& use, const absl::Status& outcome, const JobTimes& times) noexcept override;
  absl::Status Refused(const ModelUse& use, absl::Status why) override;

 private:
  const Repository& repository_;
  const BusyAnswer busy_;
  prometheus::Family<prometheus::Counter>& degraded_;
};

}  // namespace sluice
