#include "pipeline/text_classification/task.h"

#include <utility>

namespace sluice {
namespace {

class TextRunner final : public WorkRunner {
 public:
  TextRunner(TextModel model, const ModelVersion& version, const Clock& clock)
      : model_(std::move(model)), version_(version), clock_(clock), classifiers_(version.workers()) {}

  // Each job brings a batch of its own; joining jobs would make a bad text of one fail the others.
  void Run(int worker, std::span<std::unique_ptr<Work>> batch) override {
    for (auto& work : batch) {
      auto& job = static_cast<TextJob&>(*work);
      job.Finish(Classify(worker, job));
    }
  }

 private:
  absl::StatusOr<TextLabels> Classify(int worker, TextJob& job) {
    auto found = classifiers_[worker].Classify(model_, version_.SessionFor(worker), job.input, clock_, job.times);
    if (!found.ok()) return found.status();
    TextLabels labels;
    labels.reserve((*found)->size());
    for (const TextLabel& one : **found) labels.push_back({model_.labels[one.label], one.confidence});
    return labels;
  }

  const TextModel model_;
  const ModelVersion& version_;
  const Clock& clock_;
  std::vector<TextClassifier> classifiers_;  // one per worker
};

}  // namespace

absl::StatusOr<std::shared_ptr<WorkRunner>> TextClassificationTask::MakeRunner(const ModelVersion& version) const {
  auto model = MakeTextModel(version);
  if (!model.ok()) return model.status();
  return std::make_shared<TextRunner>(*std::move(model), version, clock_);
}

}  // namespace sluice
