#include "admission/fallback/fallback.h"

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include "ai/inference/config/server.pb.h"
#include "base/error.h"
#include "repository/repository.h"

namespace sluice {
namespace {

// The model is busy or ill: another one may do. Never for what the client did wrong.
bool IsBusy(const absl::Status& why) {
  switch (ReasonOf(why)) {
    case Reason::OVERLOADED:
    case Reason::CIRCUIT_OPEN:
    case Reason::MODEL_UNAVAILABLE: return true;
    default: return false;
  }
}

// Where the use counts if it is answered.
struct Degraded final : LayerState {
  prometheus::Counter* counter = nullptr;
};

}  // namespace

FallbackLayer::FallbackLayer(const AdmissionContext& context)
    : repository_(context.repository),
      busy_(context.options.degrade().busy_message(), context.random),
      degraded_(prometheus::BuildCounter()
                    .Name("ai_inference_degraded_total")
                    .Help("Uses that another model answered because the one asked for was busy or failing.")
                    .Register(context.metrics)) {}

absl::StatusOr<ModelHandle> FallbackLayer::Propose(const ModelUse& use, const absl::Status& why) {
  if (!IsBusy(why)) return ModelHandle();
  const std::string id = use.model != nullptr ? use.model->manifest().fallback() : repository_.FallbackOf(use.model_id);
  if (id.empty() || id == use.model_id) return ModelHandle();
  auto model = repository_.Resolve(id);
  if (!model.ok()) return ModelHandle();  // the first refusal says more
  // Another task's answer would mean something else.
  if (use.model != nullptr && use.model->manifest().task() != (*model)->manifest().task()) return ModelHandle();
  return model;
}

absl::Status FallbackLayer::Enter(ModelUse& use) {
  if (!use.degraded) return absl::OkStatus();
  use.headers.Add("x-sluice-degraded", use.model->name());
  use.State<Degraded>(*this).counter = &degraded_.Add({{"model_id", use.model_id}, {"fallback", use.model->id()}});
  return absl::OkStatus();
}

void FallbackLayer::Leave(ModelUse& use, const absl::Status& outcome, const JobTimes& /*times*/) noexcept {
  Degraded* const degraded = use.FindState<Degraded>(*this);
  if (degraded != nullptr && outcome.ok()) degraded->counter->Increment();
}

absl::Status FallbackLayer::Refused(const ModelUse& /*use*/, absl::Status why) {
  return IsBusy(why) ? busy_(why) : why;
}

}  // namespace sluice
