#include "api/image_recognition/frame_runner.h"

#include <utility>

#include "api/image_recognition/recognize.h"

namespace sluice {

FrameRunner::Submit SubmitFrames(Call& call, Pipeline& pipeline) {
  return [&call, &pipeline](ai::inference::RecognizeRequest request, TimePoint deadline,
                            FrameRunner::Finish finish) -> absl::StatusOr<Task> {
    ASSIGN_OR_RETURN(const Ticket ticket, SubmitRecognize(pipeline, call.shared_from_this(), std::move(request),
                                                          deadline, std::move(finish)));
    return Task([&pipeline, ticket] { pipeline.Cancel(ticket); });
  };
}

}  // namespace sluice
