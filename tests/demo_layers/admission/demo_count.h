// A layer that keeps state per version: the answer says how many uses its version has had.
#pragma once

#include <atomic>
#include <string>

#include "admission/layer.h"

namespace sluice {

class DemoCountLayer final : public AdmissionLayer {
 public:
  explicit DemoCountLayer(const AdmissionContext&) {}
  std::string_view name() const override { return "demo_count"; }
  absl::Status Enter(ModelUse& use) override {
    use.headers.Add("x-demo-uses", std::to_string(++use.model->State<Count>(*this).uses));
    return absl::OkStatus();
  }

 private:
  struct Count {
    explicit Count(const ModelVersion&) {}
    std::atomic<int> uses{0};
  };
};

}  // namespace sluice
