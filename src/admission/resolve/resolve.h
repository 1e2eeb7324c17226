// Resolve: the name that was asked for becomes a pinned model version.
#pragma once

#include "admission/layer.h"
#include "repository/repository.h"

namespace sluice {

class ResolveLayer final : public AdmissionLayer {
 public:
  explicit ResolveLayer(const Repository& repository) : repository_(repository) {}
  std::string_view name() const override { return "resolve"; }
  absl::Status Enter(ModelUse& use) override {
    auto model = repository_.Resolve(use.model_id, use.version);
    if (!model.ok()) return model.status();
    use.model = *std::move(model);
    return absl::OkStatus();
  }

 private:
  const Repository& repository_;
};

}  // namespace sluice
