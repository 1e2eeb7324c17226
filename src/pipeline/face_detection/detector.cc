#include "pipeline/face_detection/detector.h"

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"
#include "pipeline/face_detection/map_boxes.h"
#include "pipeline/face_detection/nms.h"
#include "pipeline/face_detection/vote.h"
#include "pipeline/image/manifest_input.h"

namespace sluice {
namespace {

std::string_view DecoderName(config::FaceDetection::Decoder decoder) {
  switch (decoder) {
    case config::FaceDetection::CENTERFACE: return "centerface";
    case config::FaceDetection::YUNET: return "yunet";
    case config::FaceDetection::BLAZEFACE: return "blazeface";
    case config::FaceDetection::BOXES: return "boxes";
    default: return "";
  }
}

// The outputs as the decoder's check wants them: names, types and shapes without data.
std::vector<TensorView> Describe(const ModelSignature& signature) {
  std::vector<TensorView> views;
  for (const TensorSpec& output : signature.outputs) {
    views.push_back({.name = output.name, .dtype = output.dtype, .shape = output.shape});
  }
  return views;
}

}  // namespace

absl::StatusOr<FaceModel> MakeFaceModel(const ModelVersion& version, const ImageLimits& limits) {
  const config::FaceDetection& options = version.manifest().face_detection();
  FaceModel model;
  ASSIGN_OR_RETURN(model.input, InputFormatOf(version));
  if (version.manifest().input().resize() == config::ImageInput::CROP) {
    return Error(Reason::MODEL_UNAVAILABLE, "input.resize: crop would lose faces; use letterbox or stretch");
  }
  model.decoder = FindFaceDecoder(DecoderName(options.decoder()));
  if (model.decoder == nullptr) {
    return Error(Reason::MODEL_UNAVAILABLE,
                 "model.yaml names no face_detection.decoder (centerface, yunet, blazeface, boxes)");
  }
  const auto outputs = Describe(version.signature());
  RETURN_IF_ERROR(model.decoder->check_signature(outputs, {model.input.width, model.input.height}));
  model.calibration = Calibration(options.calibration().threshold());
  model.nms_iou = options.nms_iou();
  model.vote_iou = options.vote_iou();
  model.outputs = version.signature().outputs.size();
  model.limits = limits;
  return model;
}

absl::Status FaceDetector::Infer(Session& session, size_t outputs) {
  RETURN_IF_ERROR(session.Run());
  outputs_.clear();
  for (size_t i = 0; i < outputs; ++i) {
    ASSIGN_OR_RETURN(TensorView output, session.Output(i));
    outputs_.push_back(std::move(output));
  }
  return absl::OkStatus();
}

absl::Status FaceDetector::FindBoxes(const FaceModel& model, float raw_min) {
  const bool vote = model.vote_iou > 0;
  boxes_.clear();
  // Voters may be weaker than what is asked for: the box must not depend on min_confidence.
  RETURN_IF_ERROR(model.decoder->decode(outputs_, {model.input.width, model.input.height},
                                        vote ? std::min(raw_min, kVoteScoreMin) : raw_min, boxes_));
  if (!vote) {
    SuppressOverlaps(boxes_, model.nms_iou);
    return absl::OkStatus();
  }
  voters_.assign(boxes_.begin(), boxes_.end());
  SuppressOverlaps(boxes_, model.nms_iou);
  std::erase_if(boxes_, [raw_min](const FaceBox& box) { return box.score < raw_min; });
  VoteBoxes(voters_, model.vote_iou, boxes_);
  return absl::OkStatus();
}

absl::StatusOr<const std::vector<PixelBox>*> FaceDetector::Detect(const FaceModel& model, Session& session,
                                                                  std::string_view file, float min_confidence,
                                                                  const Clock& clock, JobTimes& times) {
  const InputFormat& input = model.input;
  const TimePoint start = clock.Now();
  ImageInfo info;
  RETURN_IF_ERROR(DecodeImage(file,
                              {.order = input.order,
                               .target_width = input.width,
                               .target_height = input.height,
                               .mode = input.mode,
                               .fine = true,  // 0.1 ms; steadier boxes near the threshold
                               .limits = model.limits},
                              image_, info));
  ASSIGN_OR_RETURN(void* buffer, session.InputBuffer(0, InputShape(input)));
  const Placement placement = resizer_.Resize(image_, info, input, {static_cast<float*>(buffer), input.values()});
  const TimePoint decoded = clock.Now();
  RETURN_IF_ERROR(Infer(session, model.outputs));
  const TimePoint inferred = clock.Now();

  RETURN_IF_ERROR(FindBoxes(model, model.calibration.Raw(min_confidence)));
  MapBoxes(boxes_, placement, info.width, info.height, model.calibration, faces_);
  times.decode_ms += ToMs(decoded - start);
  times.infer_ms += ToMs(inferred - decoded);
  times.post_ms += ToMs(clock.Now() - inferred);
  return &faces_;
}

}  // namespace sluice
