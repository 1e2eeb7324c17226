#include "pipeline/tensor/task.h"

namespace sluice {
namespace {

// Requests run one by one, each with the batch dimension that it brought.
class TensorRunner final : public WorkRunner {
 public:
  TensorRunner(const ModelVersion& version, const Clock& clock) : version_(version), clock_(clock) {}

  void Run(int worker, std::span<std::unique_ptr<Work>> batch, const std::stop_token& stop) override {
    for (auto& work : batch) {
      auto& job = static_cast<TensorJob&>(*work);
      job.Finish(InferTensors(version_.signature(), version_.SessionFor(worker), job.input, clock_, job.times, stop));
    }
  }

 private:
  const ModelVersion& version_;
  const Clock& clock_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<WorkRunner>> TensorTask::MakeRunner(const ModelVersion& version) const {
  return std::make_shared<TensorRunner>(version, clock_);
}

}  // namespace sluice
