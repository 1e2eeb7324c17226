// StreamRecognize: live frames. Answers leave in the order of the frames; a frame that fails is answered with `error` and
// the stream goes on.
#pragma once

#include <deque>
#include <optional>

#include "ai/inference/image_recognition.pb.h"
#include "api/image_recognition/frame_runner.h"
#include "api/image_recognition/service.h"
#include "call/call.h"

namespace sluice {

class StreamRecognizeHandler final : public CallHandler {
 public:
  StreamRecognizeHandler(Call& call, Pipeline& pipeline, const ImageRecognitionOptions& options);

  void OnMessage(MessagePtr message) override;
  void OnRequestEnd() override;
  void OnWritable() override { Flush(); }
  void OnDrain() override { Flush(); }
  void OnCancel() override { runner_.Cancel(); }

 private:
  void Flush();

  Call& call_;
  const ImageRecognitionOptions options_;
  FrameRunner runner_;
  std::deque<std::optional<ai::inference::RecognizeResponse>> answers_;  // of the frames since first_; set when known
  uint32_t first_ = 0;                                                   // sequence number of answers_[0]
  bool ended_ = false;                                                   // the client sent its last frame
};

}  // namespace sluice
