// Work class: how much a call minds waiting. Its method says it; X-Sluice-Class (live, batch, background) lowers it for
// one call, and never raises it.
#pragma once

#include "call/layer.h"

namespace sluice {

class WorkClassLayer final : public Layer {
 public:
  explicit WorkClassLayer(const LayerContext&) {}
  std::string_view name() const override { return "work_class"; }
  Step Enter(Call& call) override;
};

}  // namespace sluice
