#include "pipeline/image_classification/task.h"

#include <utility>

#include "base/error.h"
#include "pipeline/image_classification/classifier.h"

namespace sluice {
namespace {

class PictureRunner final : public WorkRunner {
 public:
  PictureRunner(PictureModel model, const ModelVersion& version, const Clock& clock)
      : model_(std::move(model)), version_(version), clock_(clock), classifiers_(version.workers()) {}

  void Run(int worker, std::span<std::unique_ptr<Work>> batch, const std::stop_token& stop) override {
    for (auto& work : batch) {
      auto& job = static_cast<PictureJob&>(*work);
      job.Finish(
          classifiers_[worker].Classify(model_, version_.SessionFor(worker), job.input, clock_, job.times, stop));
    }
  }

 private:
  const PictureModel model_;
  const ModelVersion& version_;
  const Clock& clock_;
  std::vector<PictureClassifier> classifiers_;  // one per worker
};

}  // namespace

absl::StatusOr<std::shared_ptr<WorkRunner>> ImageClassificationTask::MakeRunner(const ModelVersion& version) const {
  ASSIGN_OR_RETURN(PictureModel model, MakePictureModel(version, limits_));
  return std::make_shared<PictureRunner>(std::move(model), version, clock_);
}

}  // namespace sluice
