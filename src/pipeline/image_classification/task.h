// Task `image_classification`: a JPEG, PNG or WebP file in, labels with their probabilities out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "pipeline/image/image.h"
#include "pipeline/job.h"
#include "pipeline/task.h"
#include "pipeline/top_labels.h"

namespace sluice {

inline constexpr std::string_view kImageClassification = "image_classification";

struct PictureInput {
  std::string file;                     // JPEG, PNG or WebP
  std::optional<float> min_confidence;  // absent: the manifest's `top` labels, whatever their confidence
};
using PictureLabels = std::vector<ScoredLabel>;  // by descending confidence
using PictureJob = Job<PictureInput, PictureLabels>;

class ImageClassificationTask final : public ModelTask {
 public:
  // `clock` outlives the task.
  ImageClassificationTask(const ImageLimits& limits, const Clock& clock) : limits_(limits), clock_(clock) {}
  std::string_view name() const override { return kImageClassification; }
  absl::StatusOr<std::shared_ptr<WorkRunner>> MakeRunner(const ModelVersion& version) const override;

 private:
  const ImageLimits limits_;
  const Clock& clock_;
};

}  // namespace sluice
