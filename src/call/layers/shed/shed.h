// Shed: a call that could not be in time whatever its body holds is refused before that is read. What needs the body to
// be judged (the model, its size) is judged when it is queued (scheduler/core_admit.cc). Answers say how long work
// waits now: X-Sluice-Predicted-Wait-Ms.
#pragma once

#include "base/busy.h"
#include "base/load_probe.h"
#include "call/layer.h"

namespace sluice {

class ShedLayer final : public Layer {
 public:
  explicit ShedLayer(const LayerContext& context);
  std::string_view name() const override { return "shed"; }
  Step Enter(Call& call) override;
  void OnAnswer(Call& call, const Message& message) override;

 private:
  const bool enabled_;
  LoadProbe& load_;
  const BusyAnswer busy_;
};

}  // namespace sluice
