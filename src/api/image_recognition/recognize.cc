#include "api/image_recognition/recognize.h"

#include <utility>

#include "ai/inference/options.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "pipeline/face_detection/response.h"
#include "pipeline/face_detection/task.h"
#include "pipeline/image_classification/task.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;

constexpr float kDefaultConfidence = 0.5f;

}  // namespace

// Written so that NaN fails too.
absl::Status CheckConfidence(float min_confidence) {
  if (min_confidence >= 0 && min_confidence <= 1) return absl::OkStatus();
  return FieldError(Reason::INVALID_REQUEST, "min_confidence",
                    StrCat("min_confidence is ", min_confidence, "; it must be from 0 to 1"));
}

namespace {

absl::Status Check(const RecognizeRequest& request) {
  if (request.image().empty()) {
    return FieldError(Reason::INVALID_IMAGE, "image", "image is empty; send the bytes of a JPEG, PNG or WebP file");
  }
  return request.has_min_confidence() ? CheckConfidence(request.min_confidence()) : absl::OkStatus();
}

RecognizeResponse ToResponse(PictureLabels& labels) {
  RecognizeResponse response;
  for (ScoredLabel& one : labels) {
    auto* label = response.add_labels();
    label->set_label(std::move(one.label));
    label->set_confidence(one.confidence);
  }
  return response;
}

// What a job of either task does with its result.
template <typename Result>
auto Finisher(const std::shared_ptr<Call>& call, const std::shared_ptr<RecognizeDone>& done) {
  return [call, done](absl::StatusOr<Result> result, const JobReport& report) {
    AddTimes(report, *call);
    if (result.ok()) {
      (*done)(ToResponse(*result));
    } else {
      (*done)(result.status());
    }
  };
}

// A refused job hands the image back, for the next candidate.
template <typename Output, typename Input>
absl::StatusOr<Ticket> QueuePicture(Pipeline& pipeline, const std::shared_ptr<Call>& call, Admitted& admitted,
                                    Input input, std::string& image, const std::shared_ptr<RecognizeDone>& done) {
  input.file = std::move(image);
  typename Job<Input, Output>::Done finish = Finisher<Output>(call, done);
  auto ticket = pipeline.Queue<Input, Output>(*call, admitted, input, finish);
  if (!ticket.ok()) image = std::move(input.file);
  return ticket;
}

}  // namespace

absl::StatusOr<Ticket> SubmitRecognize(Pipeline& pipeline, std::shared_ptr<Call> call, RecognizeRequest request,
                                       TimePoint deadline, RecognizeDone done) {
  RETURN_IF_ERROR(Check(request));
  Wanted wanted{.model_id = request.model_id().empty() ? call->method().options->default_model() : request.model_id(),
                .deadline = deadline,
                .size = SizeClassOf(request.image().size())};
  std::string& image = *request.mutable_image();
  const auto shared = std::make_shared<RecognizeDone>(std::move(done));
  return pipeline.SubmitAny(*call, std::move(wanted), {kFaceDetection, kImageClassification}, [&](Admitted& admitted) {
    if (admitted.use().model->manifest().task() == kImageClassification) {
      PictureInput input;
      if (request.has_min_confidence()) input.min_confidence = request.min_confidence();
      return QueuePicture<PictureLabels>(pipeline, call, admitted, std::move(input), image, shared);
    }
    FaceInput input;
    input.min_confidence = request.has_min_confidence() ? request.min_confidence() : kDefaultConfidence;
    return QueuePicture<Faces>(pipeline, call, admitted, std::move(input), image, shared);
  });
}

}  // namespace sluice
