#include "api/multimodal/analyze.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "api/image_recognition/recognize.h"
#include "base/error.h"
#include "base/strings.h"
#include "call/outcome.h"
#include "pipeline/audio_classification/task.h"
#include "pipeline/text_classification/task.h"

namespace sluice {
namespace {

using ai::inference::MultimodalRequest;
using ai::inference::MultimodalResponse;
using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;

// One message in progress; lives until its last part is known.
struct Analysis {
  std::shared_ptr<Call> call;
  AnalyzeDone done;
  MultimodalResponse answer;
  absl::Status first_error;
  absl::Status shed;  // not OK: a part was refused for load, so that all are
  std::vector<Ticket> tickets;
  size_t sent = 0, failed = 0;
  size_t missing = 1;  // parts in progress, and one while they are being submitted
};
using AnalysisPtr = std::shared_ptr<Analysis>;

void PartOver(Analysis& work) {
  if (--work.missing > 0) return;
  if (!work.shed.ok()) return work.done(work.shed);
  if (work.failed == work.sent) return work.done(work.first_error);
  work.done(std::move(work.answer));
}

// The part's fields are set by `fill`, or its error is.
template <typename Part, typename Result, typename Fill>
void Answer(Analysis& work, Part& part, absl::StatusOr<Result> result, Fill fill) {
  if (result.ok()) {
    fill(part, *result);
  } else {
    if (work.failed++ == 0) work.first_error = result.status();
    *part.mutable_error() = ToRpcStatus(result.status(), IdsOf(*work.call));
  }
  PartOver(work);
}

absl::Status NoModel(std::string_view part) {
  return Error(Reason::MODEL_NOT_FOUND,
               StrCat("no model answers ", part, "; set multimodal.", part, "_model in the server's configuration"));
}

void AddLabel(const ScoredLabel& from, ai::inference::Label& to) {
  to.set_label(from.label);
  to.set_confidence(from.confidence);
}

absl::StatusOr<Ticket> SubmitText(Pipeline& pipeline, const AnalysisPtr& work, const std::string& model,
                                  std::string text, TimePoint deadline) {
  if (model.empty()) return NoModel("text");
  if (text.find('\0') != std::string::npos)
    return FieldError(Reason::INVALID_REQUEST, "text", "text contains a NUL character; send plain text");
  TextInput input;
  input.push_back(std::move(text));
  auto done = [work](absl::StatusOr<TextLabels> labels, const JobReport& report) {
    MaxTimes(report, *work->call);
    Answer(*work, *work->answer.mutable_text(), std::move(labels), [](auto& part, TextLabels& found) {
      part.mutable_result()->set_label(std::move(found.front().label));
      part.mutable_result()->set_confidence(found.front().confidence);
    });
  };
  const uint8_t size = SizeClassOf(input.front().size());
  return pipeline.Submit<TextInput, TextLabels>(*work->call, {.model_id = model, .deadline = deadline, .size = size},
                                                kTextClassification, std::move(input), std::move(done));
}

absl::StatusOr<Ticket> SubmitImage(Pipeline& pipeline, const AnalysisPtr& work, const std::string& model,
                                   std::string image, TimePoint deadline) {
  if (model.empty()) return NoModel("image");
  RecognizeRequest request;
  request.set_model_id(model);
  request.set_image(std::move(image));
  return SubmitRecognize(
      pipeline, work->call, std::move(request), deadline, [work](absl::StatusOr<RecognizeResponse> found) {
        Answer(*work, *work->answer.mutable_image(), std::move(found), [](auto& part, RecognizeResponse& answer) {
          part.mutable_faces()->Swap(answer.mutable_faces());
          part.mutable_labels()->Swap(answer.mutable_labels());
        });
      });
}

absl::StatusOr<Ticket> SubmitAudio(Pipeline& pipeline, const AnalysisPtr& work, const std::string& model,
                                   ai::inference::Audio& audio, TimePoint deadline) {
  if (model.empty()) return NoModel("audio");
  AudioInput input;
  input.features.Swap(audio.mutable_features());
  input.pcm16 = std::move(*audio.mutable_pcm16());
  input.sample_rate_hz = audio.sample_rate_hz();
  auto done = [work](absl::StatusOr<AudioLabels> labels, const JobReport& report) {
    MaxTimes(report, *work->call);
    Answer(*work, *work->answer.mutable_audio(), std::move(labels), [](auto& part, const AudioLabels& found) {
      for (const ScoredLabel& one : found) AddLabel(one, *part.add_labels());
    });
  };
  const uint8_t size = SizeClassOf(input.pcm16.size() + static_cast<size_t>(input.features.size()));
  return pipeline.Submit<AudioInput, AudioLabels>(*work->call, {.model_id = model, .deadline = deadline, .size = size},
                                                  kAudioClassification, std::move(input), std::move(done));
}

// Runs `submit` for a part that was sent. What is refused at once is that part's error; but when the server is too busy
// for one part, it does none: whether a message is answered is decided once, and early.
template <typename Part, typename Submit>
void Start(Analysis& work, Part& part, const std::string& model, Submit submit) {
  if (!work.shed.ok()) return;
  part.set_model_id(model);
  ++work.sent;
  ++work.missing;
  auto ticket = submit();
  if (ticket.ok()) {
    work.tickets.push_back(*ticket);
  } else {
    if (ReasonOf(ticket.status()) == Reason::OVERLOADED) work.shed = ticket.status();
    Answer(work, part, absl::StatusOr<Ticket>(ticket.status()), [](auto&, auto&) {});
  }
}

}  // namespace

absl::StatusOr<Task> AnalyzeParts(Pipeline& pipeline, const PartModels& models, std::shared_ptr<Call> call,
                                  MultimodalRequest request, TimePoint deadline, AnalyzeDone done) {
  if (request.text().empty() && request.image().empty() && !request.has_audio()) {
    return FieldError(Reason::INVALID_REQUEST, "text", "nothing to analyse; send text, image or audio");
  }
  const auto work = std::make_shared<Analysis>();
  work->call = std::move(call);
  work->done = std::move(done);
  if (!request.text().empty()) {
    Start(*work, *work->answer.mutable_text(), models.text,
          [&] { return SubmitText(pipeline, work, models.text, std::move(*request.mutable_text()), deadline); });
  }
  if (!request.image().empty()) {
    Start(*work, *work->answer.mutable_image(), models.image,
          [&] { return SubmitImage(pipeline, work, models.image, std::move(*request.mutable_image()), deadline); });
  }
  if (request.has_audio()) {
    Start(*work, *work->answer.mutable_audio(), models.audio,
          [&] { return SubmitAudio(pipeline, work, models.audio, *request.mutable_audio(), deadline); });
  }
  Task cancel = [&pipeline, tickets = work->tickets] {
    for (const Ticket ticket : tickets) pipeline.Cancel(ticket);
  };
  if (!work->shed.ok()) cancel();
  PartOver(*work);
  return cancel;
}

}  // namespace sluice
