// Resolve: the name that was asked for becomes a pinned model version.
#pragma once

#include "admission/layer.h"
#include "repository/repository.h"

namespace sluice {

class ResolveLayer final : public AdmissionLayer {
 public:
  explicit ResolveLayer(const AdmissionContext& context) : repository_(context.repository) {}
  std::string_view name() const override { return "resolve"; }
  absl::StatusOr<ModelHandle> Propose(const ModelUse& use, const absl::Status& why) override {
    if (!why.ok()) return ModelHandle();
    return repository_.Resolve(use.model_id, use.version);
  }

 private:
  const Repository& repository_;
};

}  // namespace sluice
