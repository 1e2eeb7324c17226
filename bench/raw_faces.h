// The face-detection pipeline as function calls, with a detector for each thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "bench/raw_model.h"
#include "pipeline/face_detection/detector.h"

namespace sluice::bench {

// Ends the program when the model or an image is not as it should be. Find may run on several threads, each with its
// own number.
class RawFaces {
 public:
  RawFaces(const char* models_dir, const char* model_id, int threads) : loaded_(models_dir, model_id, threads) {
    auto model = MakeFaceModel(loaded_.version(), ImageLimits{});
    Check(model.status());
    model_ = *std::move(model);
    for (int t = 0; t < threads; ++t) {
      detectors_.push_back(std::make_unique<FaceDetector>());
      Check(detectors_.back()->Prepare(*model_));
    }
  }

  void Find(int thread, std::string_view picture) {
    JobTimes times;
    FaceDetector& detector = *detectors_[static_cast<size_t>(thread)];
    Check(detector.Detect(*model_, loaded_.version().SessionFor(thread), picture, 0.5f, SystemClock(), times).status());
  }

 private:
  RawModel loaded_;
  std::optional<FaceModel> model_;
  std::vector<std::unique_ptr<FaceDetector>> detectors_;
};

}  // namespace sluice::bench
