// The face-detection pipeline as function calls, with a detector for each thread.
#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "bench/raw.h"
#include "lists.h"
#include "pipeline/face_detection/detector.h"

namespace sluice::bench {

// Ends the program when the model or a picture is not as it should be. Find may run on several threads, each with its own number.
class RawFaces {
 public:
  RawFaces(const char* models_dir, const char* model_id, int threads)
      : engines_(MakeEngines()), repository_({.roots = {models_dir}, .workers = threads}, Pointers(engines_)) {
    Check(repository_.Load());
    auto version = repository_.Resolve(model_id);
    Check(version.status());
    version_ = *std::move(version);
    auto model = MakeFaceModel(*version_, ImageLimits{});
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
    Check(detector.Detect(*model_, version_->SessionFor(thread), picture, 0.5f, SystemClock(), times).status());
  }

 private:
  static void Check(const absl::Status& status) {
    if (!status.ok()) std::_Exit(Fail("faces", status));
  }

  decltype(MakeEngines()) engines_;
  Repository repository_;
  ModelHandle version_;
  std::optional<FaceModel> model_;
  std::vector<std::unique_ptr<FaceDetector>> detectors_;
};

}  // namespace sluice::bench
