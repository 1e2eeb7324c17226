#include "api/image_recognition/collect.h"

#include <utility>

#include "base/error.h"
#include "base/no_memory.h"
#include "base/strings.h"

namespace sluice {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;

CollectRecognizeHandler::CollectRecognizeHandler(Call& call, Pipeline& pipeline, const ImageRecognitionOptions& options)
    : call_(call),
      options_(options),
      runner_(call, SubmitFrames(call, pipeline),
              [this](uint32_t, RecognizeResponse answer) { Take(std::move(answer)); }) {
  for (size_t i = 1; i < options_.streams.window; ++i) call_.ReadMore();
}

void CollectRecognizeHandler::OnMessage(MessagePtr message) {
  const auto sequence = static_cast<uint32_t>(summary_.results_size());
  if (sequence == options_.frames_max) {
    return call_.Fail(Error(Reason::BATCH_TOO_LARGE, StrCat("CollectRecognize accepts at most ", options_.frames_max,
                                                            " frames per call; send the rest in another call")));
  }
  summary_.add_results();
  last_received_ = call_.loop().clock().Now();
  runner_.Start(sequence, std::move(static_cast<RecognizeRequest&>(*message)), last_received_);
}

void CollectRecognizeHandler::Take(RecognizeResponse answer) {
  summary_.set_faces(summary_.faces() + static_cast<uint32_t>(answer.faces_size()));
  if (answer.has_error()) summary_.set_failed_frames(summary_.failed_frames() + 1);
  if (!call_.Keep(answer.SpaceUsedLong())) return call_.Fail(BudgetUsedUp());
  const auto sequence = static_cast<int>(answer.sequence());
  *summary_.mutable_results(sequence) = std::move(answer);
  if (!options_.streams.Draining()) call_.ReadMore();
  MaybeEnd();
}

void CollectRecognizeHandler::OnRequestEnd() {
  ended_ = true;
  MaybeEnd();
}

void CollectRecognizeHandler::MaybeEnd() {
  if (runner_.in_work() > 0) return;
  if (ended_) {
    summary_.set_frames(static_cast<uint32_t>(summary_.results_size()));
    if (summary_.frames() > 0)
      summary_.set_latency(static_cast<float>(ToMs(call_.loop().clock().Now() - last_received_)));
    call_.Reply(std::move(summary_));
  } else if (options_.streams.Draining()) {
    call_.Fail(Error(Reason::SHUTTING_DOWN, "the server is shutting down; send the frames again"));
  }
}

}  // namespace sluice
