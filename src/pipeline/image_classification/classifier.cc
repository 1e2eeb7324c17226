#include "pipeline/image_classification/classifier.h"

#include <algorithm>

#include "base/error.h"
#include "base/stop.h"
#include "base/strings.h"
#include "pipeline/image/manifest_input.h"
#include "pipeline/model_files.h"

namespace sluice {
namespace {

absl::Status Unusable(std::string_view why) { return Error(Reason::MODEL_UNAVAILABLE, why); }

// Scores of one image: [1,1000], [1,1000,1,1] or [1000]. Nothing when the file leaves it open.
std::optional<int64_t> ClassesOf(const Shape& shape) {
  int64_t classes = 1;
  for (size_t i = shape.size() > 1 ? 1 : 0; i < shape.size(); ++i) {
    if (shape[i] < 0) return std::nullopt;
    classes *= shape[i];
  }
  return classes;
}

absl::Status CheckOutput(const ModelSignature& signature, size_t labels, std::string_view file) {
  if (signature.outputs.empty() || signature.outputs[0].dtype != DType::kFp32) {
    return Unusable("task image_classification needs a model whose first output is FP32");
  }
  const auto classes = ClassesOf(signature.outputs[0].shape);
  if (!classes || *classes == static_cast<int64_t>(labels)) return absl::OkStatus();
  return Unusable(StrCat("'", file, "' contains ", labels, " labels, but the model outputs scores for ", *classes));
}

}  // namespace

absl::StatusOr<PictureModel> MakePictureModel(const ModelVersion& version, const ImageLimits& limits) {
  const config::ImageClassification& options = version.manifest().image_classification();
  const config::ImageInput& input = version.manifest().input();
  PictureModel model;
  ASSIGN_OR_RETURN(model.input, InputFormatOf(version));
  if (version.signature().inputs.size() != 1) return Unusable("task image_classification needs a model with one input");
  if (input.resize() == config::ImageInput::CROP) {
    const int larger = std::max(model.input.width, model.input.height);
    model.crop_from = input.crop_from() > 0 ? static_cast<int>(input.crop_from()) : larger;
    if (model.crop_from < larger) return Unusable("input.crop_from is smaller than the model's input");
  }
  ASSIGN_OR_RETURN(model.labels, ReadLabels(version, options.labels()));
  RETURN_IF_ERROR(CheckOutput(version.signature(), model.labels.size(), options.labels()));
  model.top = options.top();
  model.logits = options.outputs() == config::TextClassification::LOGITS;
  model.limits = limits;
  return model;
}

absl::Status PictureClassifier::Decode(const PictureModel& model, std::string_view file, ImageInfo& info,
                                       const std::stop_token& stop) {
  const InputFormat& input = model.input;
  const bool crop = model.crop_from > 0;
  // For a crop no side may be decoded smaller than the shorter one will be.
  return DecodeImage(file,
                     {.order = input.order,
                      .target_width = crop ? model.crop_from : input.width,
                      .target_height = crop ? model.crop_from : input.height,
                      .mode = crop ? ResizeMode::kStretch : input.mode,
                      .fine = true,
                      .limits = model.limits,
                      .stop = stop},
                     image_, info);
}

absl::Status PictureClassifier::Fill(const PictureModel& model, const ImageInfo& info, Session& session) {
  const InputFormat& input = model.input;
  ASSIGN_OR_RETURN(void* buffer, session.InputBuffer(0, InputShape(input)));
  const std::span<float> tensor(static_cast<float*>(buffer), input.values());
  if (model.crop_from > 0) {
    crop_.Resize(image_, info, input, model.crop_from, tensor);
  } else {
    resizer_.Resize(image_, info, input, tensor);
  }
  return absl::OkStatus();
}

absl::StatusOr<PictureLabels> PictureClassifier::Classify(const PictureModel& model, Session& session,
                                                          const PictureInput& input, const Clock& clock,
                                                          JobTimes& times, const std::stop_token& stop) {
  const TimePoint start = clock.Now();
  ImageInfo info;
  RETURN_IF_ERROR(Decode(model, input.file, info, stop));
  const TimePoint decoded = clock.Now();
  times.decode.Add(start, decoded);
  RETURN_IF_ERROR(Fill(model, info, session));
  const TimePoint filled = clock.Now();
  times.pre.Add(decoded, filled);
  RETURN_IF_ERROR(CheckStop(stop));
  const absl::Status ran = session.Run(stop);
  const TimePoint inferred = clock.Now();
  times.infer.Add(filled, inferred);
  RETURN_IF_ERROR(ran);
  ASSIGN_OR_RETURN(const TensorView output, session.Output(0));
  const auto scores = output.As<float>();
  if (scores.size() != model.labels.size()) {
    return Error(Reason::MODEL_FAILED,
                 StrCat("the model returned ", scores.size(), " scores for ", model.labels.size(), " labels"));
  }
  PictureLabels labels = TopLabels(scores, model.labels, model.top, model.logits);
  if (input.min_confidence) {
    std::erase_if(labels, [least = *input.min_confidence](const ScoredLabel& l) { return !(l.confidence >= least); });
  }
  times.post.Add(inferred, clock.Now());
  return labels;
}

}  // namespace sluice
