#include "api/multimodal/service.h"

#include <utility>

#include "api/streaming/ordered_stream.h"
#include "call/unary.h"
#include "google/protobuf/descriptor.h"

namespace sluice {
namespace {

using ai::inference::MultimodalRequest;
using ai::inference::MultimodalResponse;

void Analyze(Pipeline& pipeline, const PartModels& models, std::shared_ptr<Call> call,
             std::unique_ptr<MultimodalRequest> request) {
  auto cancel = AnalyzeParts(pipeline, models, call, std::move(*request), call->deadline(),
                             [call](absl::StatusOr<MultimodalResponse> result) {
                               if (!result.ok()) return call->Fail(result.status());
                               result->set_latency(static_cast<float>(call->LatencyMs()));
                               call->Reply(*result);
                             });
  if (!cancel.ok()) return call->Fail(cancel.status());
  if (!call->done()) call->OnFailure(*std::move(cancel));
}

}  // namespace

void RegisterMultimodal(MethodTable& methods, Pipeline& pipeline, const PartModels& models,
                        const StreamOptions& streams) {
  const auto* service = MultimodalRequest::descriptor()->file()->FindServiceByName("Multimodal");
  methods.Add(service->FindMethodByName("Analyze"),
              Unary<MultimodalRequest>(
                  [&pipeline, models](std::shared_ptr<Call> call, std::unique_ptr<MultimodalRequest> request) {
                    Analyze(pipeline, models, std::move(call), std::move(request));
                  }));
  methods.Add(service->FindMethodByName("StreamAnalyze"), [&pipeline, models, streams](Call& call) {
    auto submit = [&call, &pipeline, models](MultimodalRequest request, TimePoint deadline, AnalyzeDone done) {
      return AnalyzeParts(pipeline, models, call.shared_from_this(), std::move(request), deadline, std::move(done));
    };
    return std::make_unique<OrderedStream<MultimodalRequest, MultimodalResponse>>(call, streams, std::move(submit));
  });
}

}  // namespace sluice
