// Frames of one streaming call in progress.
#pragma once

#include "ai/inference/image_recognition.pb.h"
#include "api/streaming/message_runner.h"
#include "pipeline/pipeline.h"

namespace sluice {

using FrameRunner = MessageRunner<ai::inference::RecognizeRequest, ai::inference::RecognizeResponse>;

// How a frame of `call` is started: SubmitRecognize.
FrameRunner::Submit SubmitFrames(Call& call, Pipeline& pipeline);

}  // namespace sluice
