// A layer that replaces the model: uses of "demo" go to "echo", and the answer says so.
#pragma once

#include "admission/layer.h"
#include "repository/repository.h"

namespace sluice {

class DemoReplaceLayer final : public AdmissionLayer {
 public:
  explicit DemoReplaceLayer(const AdmissionContext& context) : repository_(context.repository) {}
  std::string_view name() const override { return "demo_replace"; }
  absl::StatusOr<ModelHandle> Propose(const ModelUse& use, const absl::Status& why) override {
    if (!why.ok() || use.model_id != "demo") return ModelHandle();
    return repository_.Resolve("echo");
  }
  absl::Status Enter(ModelUse& use) override {
    if (use.model->id() != use.model_id) use.headers.Add("x-demo-model", use.model->name());
    return absl::OkStatus();
  }

 private:
  const Repository& repository_;
};

}  // namespace sluice
