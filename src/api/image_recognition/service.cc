#include "api/image_recognition/service.h"

#include <utility>

#include "api/image_recognition/collect.h"
#include "api/image_recognition/recognize.h"
#include "api/image_recognition/watch.h"
#include "api/streaming/ordered_stream.h"
#include "base/error.h"
#include "call/unary.h"
#include "google/protobuf/descriptor.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;

void Recognize(Pipeline& pipeline, std::shared_ptr<Call> call, std::unique_ptr<RecognizeRequest> request) {
  auto ticket = SubmitRecognize(pipeline, call, std::move(*request), call->deadline(),
                                [call](absl::StatusOr<RecognizeResponse> result) {
                                  if (!result.ok()) return call->Fail(result.status());
                                  result->set_latency(static_cast<float>(call->LatencyMs()));
                                  call->Reply(*result);
                                });
  if (!ticket.ok()) return call->Fail(ticket.status());
  call->OnFailure([&pipeline, ticket = *ticket] { pipeline.Cancel(ticket); });
}

}  // namespace

void RegisterImageRecognition(MethodTable& methods, Pipeline& pipeline, const ImageRecognitionOptions& options) {
  const auto* service = RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
  methods.Add(
      service->FindMethodByName("Recognize"),
      Unary<RecognizeRequest>([&pipeline](std::shared_ptr<Call> call, std::unique_ptr<RecognizeRequest> request) {
        Recognize(pipeline, std::move(call), std::move(request));
      }));
  methods.Add(service->FindMethodByName("StreamRecognize"), [&pipeline, options](Call& call) {
    return std::make_unique<OrderedStream<RecognizeRequest, RecognizeResponse>>(call, options.streams,
                                                                                SubmitFrames(call, pipeline));
  });
  methods.Add(service->FindMethodByName("CollectRecognize"), [&pipeline, options](Call& call) {
    return std::make_unique<CollectRecognizeHandler>(call, pipeline, options);
  });
  methods.Add(service->FindMethodByName("WatchRecognize"), [&pipeline, options](Call& call) {
    return std::make_unique<WatchRecognizeHandler>(call, pipeline, options);
  });
}

}  // namespace sluice
