#include "pipeline/face_detection/detector.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/stop.h"
#include "base/strings.h"
#include "pipeline/face_detection/map_boxes.h"
#include "pipeline/face_detection/overlap.h"
#include "pipeline/face_detection/pyramid.h"
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

// Compiles nothing yet.
absl::StatusOr<HalvedModel> MakeHalved(const FaceModel& model, const LoadedModel& file, const InputFormat& larger) {
  HalvedModel half{.input = Halved(larger)};
  const InputSize size = {half.input.width, half.input.height};
  const auto wrong = [&size](const absl::Status& why) {
    return Error(Reason::MODEL_UNAVAILABLE,
                 StrCat("pyramid.halvings: at ", size.width, " x ", size.height, " px: ", why.message()));
  };
  auto reshaped = file.Reshaped(InputShape(half.input));
  if (!reshaped.ok()) return wrong(reshaped.status());
  half.model = *std::move(reshaped);
  if (auto fits = model.decoder->check_signature(Describe(half.model->signature()), size); !fits.ok())
    return wrong(fits);
  return half;
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
                 "model.yaml does not name a face_detection.decoder (centerface, yunet, blazeface, boxes)");
  }
  const auto outputs = Describe(version.signature());
  RETURN_IF_ERROR(model.decoder->check_signature(outputs, {model.input.width, model.input.height}));
  model.calibration = Calibration(options.calibration().threshold());
  model.nms_iou = options.nms_iou();
  model.vote_iou = options.vote_iou();
  model.outputs = version.signature().outputs.size();
  model.limits = limits;
  model.face_max = static_cast<float>(options.pyramid().face_max());
  for (uint32_t i = 0; i < options.pyramid().halvings(); ++i) {
    const InputFormat& larger = model.halved.empty() ? model.input : model.halved.back().input;
    ASSIGN_OR_RETURN(HalvedModel half, MakeHalved(model, version.model(), larger));
    model.halved.push_back(std::move(half));
  }
  return model;
}

absl::Status FaceDetector::Infer(Session& session, size_t outputs, const std::stop_token& stop) {
  RETURN_IF_ERROR(CheckStop(stop));
  RETURN_IF_ERROR(session.Run(stop));
  outputs_.clear();
  for (size_t i = 0; i < outputs; ++i) {
    ASSIGN_OR_RETURN(TensorView output, session.Output(i));
    outputs_.push_back(std::move(output));
  }
  return absl::OkStatus();
}

absl::Status FaceDetector::Prepare(const FaceModel& model) {
  halved_.clear();
  for (const HalvedModel& half : model.halved) {
    ASSIGN_OR_RETURN(std::unique_ptr<Session> session, half.model->NewSession());
    halved_.push_back(std::move(session));
  }
  return absl::OkStatus();
}

absl::Status FaceDetector::Look(const FaceModel& model, Session& session, int times_halved, float raw_min,
                                const Clock& clock, JobTimes& times, const std::stop_token& stop) {
  const InputFormat& input = times_halved == 0 ? model.input : model.halved[times_halved - 1].input;
  const TimePoint start = clock.Now();
  const absl::Status ran = Infer(session, model.outputs, stop);
  const TimePoint inferred = clock.Now();
  times.infer.Add(start, inferred);
  RETURN_IF_ERROR(ran);
  const size_t before = boxes_.size();
  RETURN_IF_ERROR(model.decoder->decode(outputs_, {input.width, input.height}, raw_min, boxes_));
  KeepOwn(LevelOf(times_halved, static_cast<int>(model.halved.size()), model.face_max), before, boxes_);
  times.post.Add(inferred, clock.Now());
  return absl::OkStatus();
}

absl::Status FaceDetector::FillHalves(const FaceModel& model, const float* pixels) {
  if (halved_.size() != model.halved.size()) return Error(Reason::INTERNAL, "FaceDetector::Prepare was not called");
  const InputFormat* larger = &model.input;
  for (size_t i = 0; i < halved_.size(); ++i) {
    const InputFormat& input = model.halved[i].input;
    ASSIGN_OR_RETURN(void* buffer, halved_[i]->InputBuffer(0, InputShape(input)));
    Halve(*larger, pixels, static_cast<float*>(buffer));
    pixels = static_cast<const float*>(buffer);
    larger = &input;
  }
  return absl::OkStatus();
}

void FaceDetector::Settle(const FaceModel& model, float raw_min) {
  if (model.vote_iou <= 0) return SuppressOverlaps(boxes_, model.nms_iou);
  voters_.assign(boxes_.begin(), boxes_.end());
  SuppressOverlaps(boxes_, model.nms_iou);
  std::erase_if(boxes_, [raw_min](const FaceBox& box) { return box.score < raw_min; });
  VoteBoxes(voters_, model.vote_iou, boxes_);
}

absl::StatusOr<const std::vector<PixelBox>*> FaceDetector::Detect(const FaceModel& model, Session& session,
                                                                  std::string_view file, float min_confidence,
                                                                  const Clock& clock, JobTimes& times,
                                                                  const std::stop_token& stop) {
  const InputFormat& input = model.input;
  const TimePoint start = clock.Now();
  ImageInfo info;
  RETURN_IF_ERROR(DecodeImage(file,
                              {.order = input.order,
                               .target_width = input.width,
                               .target_height = input.height,
                               .mode = input.mode,
                               .fine = true,  // 0.1 ms; steadier boxes near the threshold
                               .limits = model.limits,
                               .stop = stop},
                              image_, info));
  const TimePoint decoded = clock.Now();
  times.decode.Add(start, decoded);
  ASSIGN_OR_RETURN(void* buffer, session.InputBuffer(0, InputShape(input)));
  auto* const pixels = static_cast<float*>(buffer);
  const Placement placement = resizer_.Resize(image_, info, input, {pixels, input.values()});
  RETURN_IF_ERROR(FillHalves(model, pixels));
  times.pre.Add(decoded, clock.Now());

  const float raw_min = model.calibration.Raw(min_confidence);
  // Voters may be weaker than what is asked for: the box must not depend on min_confidence.
  const float least = model.vote_iou > 0 ? std::min(raw_min, kVoteScoreMin) : raw_min;
  boxes_.clear();
  RETURN_IF_ERROR(Look(model, session, 0, least, clock, times, stop));
  for (size_t i = 0; i < halved_.size(); ++i) {
    RETURN_IF_ERROR(Look(model, *halved_[i], static_cast<int>(i) + 1, least, clock, times, stop));
  }
  const TimePoint found = clock.Now();
  Settle(model, raw_min);
  MapBoxes(boxes_, placement, info.width, info.height, model.calibration, faces_);
  times.post.Add(found, clock.Now());
  return &faces_;
}

}  // namespace sluice
