// The whole way from an image file to labels, as plain function calls on one thread: decode → resize, crop, normalise →
// infer → softmax → the best.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/image/centre_crop.h"
#include "pipeline/image/decode.h"
#include "pipeline/image_classification/task.h"

namespace sluice {

// What a model version's manifest and files fix. Immutable.
struct PictureModel {
  InputFormat input;
  int crop_from = 0;  // the image's shorter side before the middle is cut out; 0: no crop, by input.mode
  std::vector<std::string> labels;
  size_t top = 5;
  bool logits = false;
  ImageLimits limits;
};

// An error, for the operator, when the labels are missing or are not as many as the model's scores.
absl::StatusOr<PictureModel> MakePictureModel(const ModelVersion& version, const ImageLimits& limits);

// One thread's buffers. `session` must be the thread's own.
class PictureClassifier {
 public:
  // Adds to `times`. Errors: INVALID_IMAGE, IMAGE_TOO_LARGE, MODEL_FAILED, CANCELLED (by `stop`).
  absl::StatusOr<PictureLabels> Classify(const PictureModel& model, Session& session, const PictureInput& input,
                                         const Clock& clock, JobTimes& times, const std::stop_token& stop = {});

 private:
  absl::Status Decode(const PictureModel& model, std::string_view file, ImageInfo& info, const std::stop_token& stop);
  absl::Status Fill(const PictureModel& model, const ImageInfo& info, Session& session);

  Image image_;
  Resizer resizer_;
  CentreCrop crop_;
};

}  // namespace sluice
