#include "api/image_recognition/recognize.h"

#include <utility>

#include "ai/inference/options.pb.h"
#include "base/error.h"
#include "base/strings.h"
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
auto Finisher(std::shared_ptr<Call> call, RecognizeDone done) {
  return
      [call = std::move(call), done = std::move(done)](absl::StatusOr<Result> result, const JobTimes& times) mutable {
        AddTimes(times, call->use);
        if (result.ok()) {
          done(ToResponse(*result));
        } else {
          done(result.status());
        }
      };
}

absl::StatusOr<Ticket> SubmitLabels(Pipeline& pipeline, std::shared_ptr<Call> call, Admitted admitted,
                                    RecognizeRequest& request, RecognizeDone done) {
  PictureInput input{.file = std::move(*request.mutable_image()), .min_confidence = std::nullopt};
  if (request.has_min_confidence()) input.min_confidence = request.min_confidence();
  Call& record = *call;
  return pipeline.Queue<PictureInput, PictureLabels>(std::move(admitted), record, std::move(input),
                                                     Finisher<PictureLabels>(std::move(call), std::move(done)));
}

}  // namespace

RecognizeResponse ToResponse(std::span<const PixelBox> faces) {
  RecognizeResponse response;
  response.mutable_faces()->Reserve(static_cast<int>(faces.size()));
  for (const PixelBox& box : faces) {
    auto* face = response.add_faces();
    face->set_x(box.x);
    face->set_y(box.y);
    face->set_width(box.width);
    face->set_height(box.height);
    face->set_confidence(box.confidence);
  }
  return response;
}

absl::StatusOr<Ticket> SubmitRecognize(Pipeline& pipeline, std::shared_ptr<Call> call, RecognizeRequest request,
                                       TimePoint deadline, RecognizeDone done) {
  RETURN_IF_ERROR(Check(request));
  ModelUse use{.model_id = request.model_id().empty() ? call->method().options->default_model() : request.model_id(),
               .method = call->method().name,
               .key_id = call->key_id,
               .deadline = deadline};
  ASSIGN_OR_RETURN(Admitted admitted, pipeline.Admit(std::move(use), {kFaceDetection, kImageClassification}));
  if (admitted.use().model->manifest().task() == kImageClassification) {
    return SubmitLabels(pipeline, std::move(call), std::move(admitted), request, std::move(done));
  }
  FaceInput input{.file = std::move(*request.mutable_image()),
                  .min_confidence = request.has_min_confidence() ? request.min_confidence() : kDefaultConfidence};
  Call& record = *call;
  return pipeline.Queue<FaceInput, Faces>(std::move(admitted), record, std::move(input),
                                          Finisher<Faces>(std::move(call), std::move(done)));
}

}  // namespace sluice
