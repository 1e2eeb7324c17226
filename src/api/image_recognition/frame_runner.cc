#include "api/image_recognition/frame_runner.h"

#include <algorithm>
#include <utility>

#include "api/image_recognition/recognize.h"
#include "base/error.h"
#include "call/outcome.h"

namespace sluice {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;

FrameRunner::Frame* FrameRunner::Find(uint32_t sequence) {
  const auto it = std::find_if(frames_.begin(), frames_.end(), [=](const Frame& f) { return f.sequence == sequence; });
  return it == frames_.end() ? nullptr : &*it;
}

void FrameRunner::Start(uint32_t sequence, RecognizeRequest request, TimePoint received) {
  frames_.push_back({.sequence = sequence, .received = received});
  const auto self = call_.weak_from_this();
  const TimePoint deadline = std::min(call_.deadline(), call_.loop().clock().Now() + call_.method().default_deadline);
  auto ticket = SubmitRecognize(pipeline_, call_.shared_from_this(), std::move(request), deadline,
                                [this, sequence, self](absl::StatusOr<RecognizeResponse> result) {
                                  if (const auto call = self.lock()) Answer(sequence, std::move(result));
                                });
  if (!ticket.ok()) return Answer(sequence, ticket.status());
  Frame& frame = *Find(sequence);
  frame.ticket = *ticket;
  frame.timer = call_.loop().At(deadline, [this, sequence, self] {
    if (const auto call = self.lock())
      Answer(sequence, Error(Reason::DEADLINE_EXCEEDED, "no result in time for this frame"));
  });
}

// The first of {result, deadline} wins; later ones are ignored.
void FrameRunner::Answer(uint32_t sequence, absl::StatusOr<RecognizeResponse> result) {
  Frame* frame = Find(sequence);
  if (call_.done() || frame == nullptr) return;
  call_.loop().Cancel(frame->timer);
  if (!result.ok() && frame->ticket != 0) pipeline_.Cancel(frame->ticket);
  RecognizeResponse answer;
  if (result.ok()) {
    answer = *std::move(result);
  } else {
    *answer.mutable_error() = ToRpcStatus(result.status(), call_.request_id);
  }
  answer.set_sequence(sequence);
  answer.set_latency(static_cast<float>(ToMs(call_.loop().clock().Now() - frame->received)));
  frames_.erase(frame);
  done_(std::move(answer));
}

void FrameRunner::Cancel() {
  for (const Frame& frame : frames_) {
    call_.loop().Cancel(frame.timer);
    if (frame.ticket != 0) pipeline_.Cancel(frame.ticket);
  }
  frames_.clear();
}

}  // namespace sluice
