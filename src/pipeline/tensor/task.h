// Task `tensor`: any model, its tensors as they are. What a folder without model.yaml is.
#pragma once

#include "base/clock.h"
#include "pipeline/job.h"
#include "pipeline/task.h"
#include "pipeline/tensor/infer.h"

namespace sluice {

using TensorJob = Job<TensorInput, Tensors>;

class TensorTask final : public ModelTask {
 public:
  // `clock` outlives the task.
  explicit TensorTask(const Clock& clock) : clock_(clock) {}
  std::string_view name() const override { return kTensor; }
  absl::StatusOr<std::shared_ptr<WorkRunner>> MakeRunner(const ModelVersion& version) const override;

 private:
  const Clock& clock_;
};

}  // namespace sluice
