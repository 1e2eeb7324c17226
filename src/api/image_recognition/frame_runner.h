// Frames of one streaming call in progress.
#pragma once

#include <utility>

#include "ai/inference/image_recognition.pb.h"
#include "api/image_recognition/recognize.h"
#include "api/streaming/message_runner.h"
#include "base/error.h"
#include "pipeline/pipeline.h"

namespace sluice {

using FrameRunner = MessageRunner<ai::inference::RecognizeRequest, ai::inference::RecognizeResponse>;

// How a frame of `call` is started.
inline FrameRunner::Submit SubmitFrames(Call& call, Pipeline& pipeline) {
  return [&call, &pipeline](ai::inference::RecognizeRequest request, TimePoint deadline,
                            FrameRunner::Finish finish) -> absl::StatusOr<Task> {
    ASSIGN_OR_RETURN(const Ticket ticket, SubmitRecognize(pipeline, call.shared_from_this(), std::move(request),
                                                          deadline, std::move(finish)));
    return Task([&pipeline, ticket] { pipeline.Cancel(ticket); });
  };
}

}  // namespace sluice
