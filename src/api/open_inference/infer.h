// One inference of a call or of a stream: checks the request, submits the job, makes the answer.
#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "call/call.h"
#include "inference/grpc_service.pb.h"
#include "pipeline/pipeline.h"

namespace sluice {

// The earlier of `deadline` and what the request's `timeout` parameter (µs) leaves from `now` on.
TimePoint InferDeadline(const inference::ModelInferRequest& request, TimePoint now, TimePoint deadline);

// Gets the answer on the call's loop.
using InferDone = absl::AnyInvocable<void(absl::StatusOr<inference::ModelInferResponse>)>;

// Checks and submits one request; on an error `done` does not run. The job's times are added to the call's record.
// Tensors of raw_input_contents are moved out of `request`, not copied.
absl::StatusOr<Ticket> SubmitInfer(Pipeline& pipeline, std::shared_ptr<Call> call,
                                   inference::ModelInferRequest& request, TimePoint deadline, InferDone done);

}  // namespace sluice
