// One image of a call or a stream: checks the request, submits the job, makes the answer.
#pragma once

#include <functional>

#include "ai/inference/image_recognition.pb.h"
#include "call/call.h"
#include "pipeline/job.h"
#include "pipeline/pipeline.h"

namespace sluice {

// INVALID_REQUEST unless it is from 0 to 1.
absl::Status CheckConfidence(float min_confidence);

// `done` gets the answer without `latency` (its meaning differs for streams), on the call's loop.
using RecognizeDone = absl::AnyInvocable<void(absl::StatusOr<ai::inference::RecognizeResponse>)>;

// Checks and submits one request; on an error `done` does not run. The job's times are added to the call's record.
absl::StatusOr<Ticket> SubmitRecognize(Pipeline& pipeline, std::shared_ptr<Call> call,
                                       ai::inference::RecognizeRequest request, TimePoint deadline, RecognizeDone done);

}  // namespace sluice
