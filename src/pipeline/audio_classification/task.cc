#include "pipeline/audio_classification/task.h"

#include <utility>

#include "base/error.h"
#include "base/stop.h"
#include "base/strings.h"
#include "engine/shape.h"
#include "pipeline/model_files.h"

namespace sluice {
namespace {

// What a model version's manifest and files fix. Immutable.
struct AudioModel {
  SoundFormat format;
  std::vector<std::string> labels;
  size_t top = 5;
  bool logits = false;
};

absl::Status CheckSignature(const ModelSignature& signature) {
  if (signature.inputs.size() != 1 || signature.inputs[0].dtype != DType::kFp32) {
    return Error(Reason::MODEL_UNAVAILABLE, "task audio_classification needs a model with one FP32 input");
  }
  RETURN_IF_ERROR(CheckSoundInput(signature.inputs[0].shape));
  if (signature.outputs.empty() || signature.outputs[0].dtype != DType::kFp32) {
    return Error(Reason::MODEL_UNAVAILABLE, "task audio_classification needs a model whose first output is FP32");
  }
  return absl::OkStatus();
}

absl::StatusOr<AudioModel> MakeAudioModel(const ModelVersion& version) {
  RETURN_IF_ERROR(CheckSignature(version.signature()));
  const config::AudioClassification& options = version.manifest().audio_classification();
  AudioModel model;
  model.format = {.shape = version.signature().inputs[0].shape,
                  .sample_rate_hz = static_cast<int32_t>(options.sample_rate_hz()),
                  .seconds_max = options.seconds_max()};
  ASSIGN_OR_RETURN(model.labels, ReadLabels(version, options.labels()));
  model.top = options.top();
  model.logits = options.outputs() == config::TextClassification::LOGITS;
  const int64_t classes =
      version.signature().outputs[0].shape.empty() ? -1 : version.signature().outputs[0].shape.back();
  if (classes < 0 || classes == static_cast<int64_t>(model.labels.size())) return model;
  return Error(Reason::MODEL_UNAVAILABLE, StrCat("'", options.labels(), "' contains ", model.labels.size(),
                                                 " labels, but the model outputs scores for ", classes));
}

absl::StatusOr<AudioLabels> Classify(const AudioModel& model, Session& session, const AudioInput& input,
                                     const Clock& clock, JobTimes& times, const std::stop_token& stop) {
  const TimePoint start = clock.Now();
  ASSIGN_OR_RETURN(const Shape shape, ShapeOfSound(input, model.format));
  ASSIGN_OR_RETURN(void* buffer, session.InputBuffer(0, shape));
  const std::span<float> values(static_cast<float*>(buffer), static_cast<size_t>(*ElementsOf(shape)));
  RETURN_IF_ERROR(WriteSound(input, model.format, values));
  const TimePoint decoded = clock.Now();
  RETURN_IF_ERROR(CheckStop(stop));
  times.decode.Add(start, decoded);
  const absl::Status ran = session.Run(stop);
  const TimePoint inferred = clock.Now();
  times.infer.Add(decoded, inferred);
  RETURN_IF_ERROR(ran);
  ASSIGN_OR_RETURN(const TensorView output, session.Output(0));
  const auto scores = output.As<float>();
  if (scores.size() != model.labels.size()) {
    return Error(Reason::MODEL_FAILED,
                 StrCat("the model returned ", scores.size(), " scores for ", model.labels.size(), " labels"));
  }
  AudioLabels labels = TopLabels(scores, model.labels, model.top, model.logits);
  times.post.Add(inferred, clock.Now());
  return labels;
}

class AudioRunner final : public WorkRunner {
 public:
  AudioRunner(AudioModel model, const ModelVersion& version, const Clock& clock)
      : model_(std::move(model)), version_(version), clock_(clock) {}

  void Run(int worker, std::span<std::unique_ptr<Work>> batch, const std::stop_token& stop) override {
    for (auto& work : batch) {
      auto& job = static_cast<AudioJob&>(*work);
      job.Finish(Classify(model_, version_.SessionFor(worker), job.input, clock_, job.times, stop));
    }
  }

 private:
  const AudioModel model_;
  const ModelVersion& version_;
  const Clock& clock_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<WorkRunner>> AudioClassificationTask::MakeRunner(const ModelVersion& version) const {
  ASSIGN_OR_RETURN(AudioModel model, MakeAudioModel(version));
  return std::make_shared<AudioRunner>(std::move(model), version, clock_);
}

}  // namespace sluice
