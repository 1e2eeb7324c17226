// Frames of one streaming call in work: each is submitted with a deadline of its own and answered once, by its result, by
// an error or by its deadline.
#pragma once

#include <functional>

#include "absl/container/inlined_vector.h"
#include "ai/inference/image_recognition.pb.h"
#include "call/call.h"
#include "pipeline/pipeline.h"

namespace sluice {

class FrameRunner {
 public:
  // Gets the whole answer: `sequence`, `latency`, and faces or `error`. Runs on the call's loop, possibly inside Start.
  using Done = std::function<void(ai::inference::RecognizeResponse answer)>;

  // A member of the call's handler, so that it lives as long as the call.
  FrameRunner(Call& call, Pipeline& pipeline, Done done) : call_(call), pipeline_(pipeline), done_(std::move(done)) {}

  // `latency` counts from `received`. `sequence` differs from those of the frames in work.
  void Start(uint32_t sequence, ai::inference::RecognizeRequest request, TimePoint received);
  // The call ended otherwise: nothing more is answered, what waits in a queue is dropped.
  void Cancel();
  size_t in_work() const { return frames_.size(); }

 private:
  struct Frame {
    uint32_t sequence;
    TimePoint received;
    Ticket ticket = 0;
    Loop::TimerId timer = 0;
  };

  void Answer(uint32_t sequence, absl::StatusOr<ai::inference::RecognizeResponse> result);
  Frame* Find(uint32_t sequence);

  Call& call_;
  Pipeline& pipeline_;
  const Done done_;
  absl::InlinedVector<Frame, 4> frames_;
};

}  // namespace sluice
