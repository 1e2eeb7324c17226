#include "api/open_inference/stream.h"

#include <string>
#include <utility>

#include "api/open_inference/infer.h"
#include "api/streaming/ordered_stream.h"
#include "inference/grpc_service.pb.h"

namespace sluice {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using inference::ModelStreamInferResponse;

// An answer has the id of its request, and the request may have a deadline of its own.
template <>
class StreamAnswer<ModelInferRequest, ModelStreamInferResponse> {
 public:
  explicit StreamAnswer(const ModelInferRequest& request) : id_(request.id()) {}
  static TimePoint DeadlineOf(const ModelInferRequest& request, TimePoint now, TimePoint longest) {
    return InferDeadline(request, now, longest);
  }
  ModelStreamInferResponse Failed(const Call&, const absl::Status& status) const {
    ModelStreamInferResponse answer;
    answer.set_error_message(std::string(status.message()));
    answer.mutable_infer_response()->set_id(id_);
    return answer;
  }
  // Tells Triton's clients that a request has no more answers.
  void Complete(ModelStreamInferResponse& answer, uint32_t, double) const {
    (*answer.mutable_infer_response()->mutable_parameters())["triton_final_response"].set_bool_param(true);
  }

 private:
  std::string id_;
};

std::unique_ptr<CallHandler> NewInferStream(Call& call, const OpenInferenceContext& context) {
  using Stream = OrderedStream<ModelInferRequest, ModelStreamInferResponse>;
  auto submit = [&call, &pipeline = context.pipeline](ModelInferRequest request, TimePoint deadline,
                                                      auto finish) -> absl::StatusOr<Task> {
    auto done = [finish = std::move(finish)](absl::StatusOr<ModelInferResponse> result) mutable {
      if (!result.ok()) return finish(result.status());
      ModelStreamInferResponse answer;
      *answer.mutable_infer_response() = *std::move(result);
      finish(std::move(answer));
    };
    ASSIGN_OR_RETURN(const Ticket ticket,
                     SubmitInfer(pipeline, call.shared_from_this(), request, deadline, std::move(done)));
    return Task([&pipeline, ticket] { pipeline.Cancel(ticket); });
  };
  return std::make_unique<Stream>(call, StreamOptions{.draining = &context.draining}, std::move(submit));
}

}  // namespace sluice
