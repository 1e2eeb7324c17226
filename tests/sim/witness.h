// A layer before the breaker's: it sees who asks it, and by how the use ends who was let in. The model knows who should
// have been.
#pragma once

#include <string_view>

#include "admission/layer.h"
#include "base/error.h"
#include "tests/sim/breaker_model.h"
#include "tests/sim/journal.h"

namespace sluice::sim {

struct Age final : LayerState {
  int value = 0;  // BreakerModel::Enter
};

class BeforeBreaker final : public AdmissionLayer {
 public:
  BeforeBreaker(Journal& journal, const Clock& clock) : journal_(journal), clock_(clock) {}
  std::string_view name() const override { return "before_breaker"; }
  absl::Status Enter(ModelUse& use) override {
    if (!Concerns(use)) return absl::OkStatus();
    Age& age = use.State<Age>(*this);
    age.value = BreakerOf(use).Enter(clock_.Now());
    return absl::OkStatus();
  }
  void Leave(ModelUse& use, const absl::Status& outcome, const JobTimes& times) noexcept override {
    if (!Concerns(use)) return;
    const Age& age = use.State<Age>(*this);
    const bool refused = !outcome.ok() && ReasonOf(outcome) == Reason::CIRCUIT_OPEN;
    if (refused != (age.value == 0)) {
      journal_.Break(StrCat("the breaker of ", use.model->name(), refused ? " refused" : " let in",
                            " a call that the rule would not have"));
    }
    if (age.value == 0) return;
    const Reason why = ReasonOf(outcome);
    const bool ended_late = outcome.ok() || why == Reason::DEADLINE_EXCEEDED || why == Reason::CANCELLED;
    const bool late = ended_late && clock_.Now() >= use.deadline && times.infer.took >= SlowRun(use);
    const bool fault = late || (!outcome.ok() && (why == Reason::MODEL_FAILED || why == Reason::INTERNAL));
    BreakerOf(use).Leave(age.value, outcome.ok() || fault, fault, clock_.Now());
  }

 private:
  // A version that is loaded again begins anew.
  struct OfVersion {
    explicit OfVersion(const ModelVersion&) {}
    BreakerModel model;
  };
  static bool Concerns(const ModelUse& use) { return use.method == "ai.inference.ImageRecognition/Recognize"; }
  static Duration SlowRun(const ModelUse& use) {
    const uint32_t slo_ms = use.model->manifest().slo_ms();
    return slo_ms > 0 ? std::chrono::microseconds(500 * slo_ms) : std::chrono::milliseconds(500);
  }
  BreakerModel& BreakerOf(const ModelUse& use) { return use.model->State<OfVersion>(*this).model; }

  Journal& journal_;
  const Clock& clock_;
};

}  // namespace sluice::sim
