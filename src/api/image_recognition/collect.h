// CollectRecognize: the frames of a clip in, one summary out.
#pragma once

#include "ai/inference/image_recognition.pb.h"
#include "api/image_recognition/frame_runner.h"
#include "api/image_recognition/service.h"
#include "call/call.h"

namespace sluice {

class CollectRecognizeHandler final : public CallHandler {
 public:
  CollectRecognizeHandler(Call& call, Pipeline& pipeline, const ImageRecognitionOptions& options);

  void OnMessage(MessagePtr message) override;
  void OnRequestEnd() override;
  void OnDrain() override { MaybeEnd(); }
  void OnCancel() override { runner_.Cancel(); }

 private:
  void Take(ai::inference::RecognizeResponse answer);
  // Answers once every frame is known and the client has ended, or the server is shutting down.
  void MaybeEnd();

  Call& call_;
  const ImageRecognitionOptions options_;
  FrameRunner runner_;
  ai::inference::CollectRecognizeResponse summary_;  // results by sequence; those in progress are empty
  TimePoint last_received_{};
  bool ended_ = false;
};

}  // namespace sluice
