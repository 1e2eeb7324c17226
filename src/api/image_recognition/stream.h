// StreamRecognize: live frames. Answers leave in the order of the frames; a frame that fails is answered with `error` and
// the stream goes on.
#pragma once

#include <deque>
#include <optional>

#include "ai/inference/image_recognition.pb.h"
#include "api/image_recognition/service.h"
#include "call/call.h"

namespace sluice {

class StreamRecognizeHandler final : public CallHandler {
 public:
  StreamRecognizeHandler(Call& call, Pipeline& pipeline, const ImageRecognitionOptions& options);

  void OnMessage(MessagePtr message) override;
  void OnRequestEnd() override;
  void OnWritable() override { Flush(); }
  void OnCancel() override;

 private:
  // A frame in work, or answered and waiting for those before it.
  struct Frame {
    TimePoint received;
    Ticket ticket = 0;
    Loop::TimerId timer = 0;
    std::optional<ai::inference::RecognizeResponse> answer;
  };

  void Start(uint32_t sequence, ai::inference::RecognizeRequest request);
  // The first of {result, deadline} wins; later ones are ignored.
  void Answer(uint32_t sequence, absl::StatusOr<ai::inference::RecognizeResponse> result);
  void Flush();
  Frame* Find(uint32_t sequence);
  bool draining() const { return options_.draining != nullptr && options_.draining->load(std::memory_order_relaxed); }

  Call& call_;
  Pipeline& pipeline_;
  const ImageRecognitionOptions options_;
  std::deque<Frame> frames_;
  uint32_t first_ = 0;  // sequence number of frames_[0]
  bool ended_ = false;  // the client sent its last frame
};

}  // namespace sluice
