// WatchRecognize: the images of a batch or of an MJPEG clip, answered as they finish.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ai/inference/image_recognition.pb.h"
#include "api/image_recognition/frame_runner.h"
#include "api/image_recognition/service.h"
#include "call/call.h"

namespace sluice {

class WatchRecognizeHandler final : public CallHandler {
 public:
  WatchRecognizeHandler(Call& call, Pipeline& pipeline, const ImageRecognitionOptions& options);

  void OnMessage(MessagePtr message) override;
  void OnWritable() override { Pump(); }
  void OnCancel() override { runner_.Cancel(); }

 private:
  absl::Status Check() const;
  // Finds the clip's images: large clips on a worker.
  void Split();
  void OnClip(std::vector<std::string_view> clip);
  // Sends what is ready, starts what there is room for, ends the call when all is done.
  void Pump();
  void PumpLater();
  // The next image as a request; nothing after the last.
  std::optional<ai::inference::RecognizeRequest> Next();

  Call& call_;
  Pipeline& pipeline_;
  const ImageRecognitionOptions options_;
  FrameRunner runner_;
  ai::inference::WatchRecognizeRequest request_;
  std::vector<std::string_view> clip_;  // images of request_.mjpeg(); at most one more than frames_max
  uint32_t next_ = 0;                   // sequence of the next image
  bool waits_for_clip_ = false;
  bool exhausted_ = false;
  absl::Status end_;  // how the call ends then
  bool pumping_ = false;
  bool pump_posted_ = false;
  std::vector<ai::inference::RecognizeResponse> ready_;  // waits for the peer to read; at most streams.window
};

}  // namespace sluice
