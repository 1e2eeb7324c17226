// The whole way from an image file to faces, as plain function calls on one thread: decode → resize → infer → decode
// boxes → suppress overlaps → pixels. The served path, `sluice recognize --local` and the benchmark's raw pipeline all
// use it.
#pragma once

#include <memory>
#include <stop_token>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/face_detection/calibration.h"
#include "pipeline/face_detection/decoder.h"
#include "pipeline/image/decode.h"
#include "pipeline/image/resize.h"
#include "pipeline/job.h"
#include "repository/model_version.h"

namespace sluice {

inline constexpr std::string_view kFaceDetection = "face_detection";

// The model compiled for its input shrunk to a half, a quarter, …
struct HalvedModel {
  InputFormat input;
  std::shared_ptr<LoadedModel> model;
};

// What a model version's manifest and file fix. Immutable.
struct FaceModel {
  InputFormat input;
  const FaceDecoder* decoder = nullptr;
  Calibration calibration{0.5f};
  float nms_iou = 0.3f;
  float vote_iou = 0;               // 0 = no box voting
  size_t outputs = 0;               // how many the model has
  std::vector<HalvedModel> halved;  // as many as the manifest's pyramid.halvings
  float face_max = 0;               // the manifest's pyramid.face_max
  ImageLimits limits;
};

// An error, for the operator, when the model's outputs are not what its decoder reads, at any of its sizes.
absl::StatusOr<FaceModel> MakeFaceModel(const ModelVersion& version, const ImageLimits& limits);

// One thread's buffers; after some images nothing is allocated any more. `session` must be the thread's own.
class FaceDetector {
 public:
  // Compiles what `model` needs beside the thread's session, which is nothing without halvings. Slow; once, before
  // Detect.
  absl::Status Prepare(const FaceModel& model);
  // Faces with at least `min_confidence`, by descending confidence; valid until the next call. Adds to `times`.
  // CANCELLED soon after `stop` was requested.
  absl::StatusOr<const std::vector<PixelBox>*> Detect(const FaceModel& model, Session& session, std::string_view file,
                                                      float min_confidence, const Clock& clock, JobTimes& times,
                                                      const std::stop_token& stop = {});

 private:
  absl::Status Infer(Session& session, size_t outputs, const std::stop_token& stop);
  // One run; appends its boxes, in the input's pixels, to boxes_. `times_halved` says at which size of the input.
  absl::Status Look(const FaceModel& model, Session& session, int times_halved, float raw_min, const Clock& clock,
                    JobTimes& times, const std::stop_token& stop);
  // The inputs of halved_, from the model's own.
  absl::Status FillHalves(const FaceModel& model, const float* pixels);
  // One box per face remains in boxes_, of at least `raw_min`.
  void Settle(const FaceModel& model, float raw_min);

  Image image_;
  Resizer resizer_;
  std::vector<std::unique_ptr<Session>> halved_;  // as FaceModel::halved
  std::vector<TensorView> outputs_;
  std::vector<FaceBox> boxes_, voters_;
  std::vector<PixelBox> faces_;
};

}  // namespace sluice
