#include "pipeline/face_detection/task.h"

#include <utility>

#include "base/error.h"

namespace sluice {
namespace {

class FaceRunner final : public WorkRunner {
 public:
  FaceRunner(FaceModel model, const ModelVersion& version, const Clock& clock)
      : model_(std::move(model)), version_(version), clock_(clock), detectors_(version.workers()) {}

  absl::Status Prepare() {
    for (FaceDetector& detector : detectors_) RETURN_IF_ERROR(detector.Prepare(model_));
    return absl::OkStatus();
  }

  // Face nets gain nothing from batches (measured: the time per item stays the same), so the items of a batch run one
  // by one.
  void Run(int worker, std::span<std::unique_ptr<Work>> batch, const std::stop_token& stop) override {
    Session& session = version_.SessionFor(worker);
    for (auto& work : batch) {
      auto& job = static_cast<FaceJob&>(*work);
      auto faces =
          detectors_[worker].Detect(model_, session, job.input.file, job.input.min_confidence, clock_, job.times, stop);
      job.Finish(faces.ok() ? absl::StatusOr<Faces>(**faces) : absl::StatusOr<Faces>(faces.status()));
    }
  }

 private:
  const FaceModel model_;
  const ModelVersion& version_;
  const Clock& clock_;
  std::vector<FaceDetector> detectors_;  // one per worker
};

}  // namespace

absl::StatusOr<std::shared_ptr<WorkRunner>> FaceDetectionTask::MakeRunner(const ModelVersion& version) const {
  ASSIGN_OR_RETURN(FaceModel model, MakeFaceModel(version, limits_));
  auto runner = std::make_shared<FaceRunner>(std::move(model), version, clock_);
  RETURN_IF_ERROR(runner->Prepare());
  return runner;
}

}  // namespace sluice
