// Task `face_detection`: a JPEG, PNG or WebP file in, faces out.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "pipeline/face_detection/detector.h"
#include "pipeline/job.h"
#include "pipeline/task.h"

namespace sluice {

struct FaceInput {
  std::string file;  // JPEG, PNG or WebP
  float min_confidence = 0.5f;
};

using Faces = std::vector<PixelBox>;  // by descending confidence
using FaceJob = Job<FaceInput, Faces>;

class FaceDetectionTask final : public ModelTask {
 public:
  // `clock` outlives the task.
  FaceDetectionTask(const ImageLimits& limits, const Clock& clock) : limits_(limits), clock_(clock) {}
  std::string_view name() const override { return kFaceDetection; }
  absl::StatusOr<std::shared_ptr<WorkRunner>> MakeRunner(const ModelVersion& version) const override;

 private:
  const ImageLimits limits_;
  const Clock& clock_;
};

}  // namespace sluice
