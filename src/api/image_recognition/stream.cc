#include "api/image_recognition/stream.h"

#include <utility>

#include "api/image_recognition/recognize.h"
#include "base/error.h"
#include "call/outcome.h"

namespace sluice {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;

StreamRecognizeHandler::StreamRecognizeHandler(Call& call, Pipeline& pipeline, const ImageRecognitionOptions& options)
    : call_(call), pipeline_(pipeline), options_(options) {
  for (size_t i = 1; i < options_.stream_window; ++i) call_.ReadMore();
}

StreamRecognizeHandler::Frame* StreamRecognizeHandler::Find(uint32_t sequence) {
  const uint32_t index = sequence - first_;
  return index < frames_.size() ? &frames_[index] : nullptr;
}

void StreamRecognizeHandler::OnMessage(MessagePtr message) {
  const uint32_t sequence = first_ + static_cast<uint32_t>(frames_.size());
  frames_.push_back({.received = call_.loop().clock().Now()});
  Start(sequence, std::move(static_cast<RecognizeRequest&>(*message)));
}

void StreamRecognizeHandler::Start(uint32_t sequence, RecognizeRequest request) {
  const auto self = call_.weak_from_this();
  const TimePoint deadline = std::min(call_.deadline(), call_.loop().clock().Now() + call_.method().default_deadline);
  auto ticket = SubmitRecognize(pipeline_, call_.shared_from_this(), std::move(request), deadline,
                                [this, sequence, self](absl::StatusOr<RecognizeResponse> result) {
                                  // The call object owns this handler.
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

void StreamRecognizeHandler::Answer(uint32_t sequence, absl::StatusOr<RecognizeResponse> result) {
  Frame* frame = Find(sequence);
  if (call_.done() || frame == nullptr || frame->answer) return;
  call_.loop().Cancel(frame->timer);
  if (!result.ok() && frame->ticket != 0) pipeline_.Cancel(frame->ticket);
  RecognizeResponse& answer = frame->answer.emplace();
  if (result.ok()) {
    answer = *std::move(result);
  } else {
    *answer.mutable_error() = ToRpcStatus(result.status(), call_.request_id);
  }
  answer.set_sequence(sequence);
  answer.set_latency(static_cast<float>(ToMs(call_.loop().clock().Now() - frame->received)));
  Flush();
}

void StreamRecognizeHandler::Flush() {
  while (!frames_.empty() && frames_.front().answer && call_.CanWrite()) {
    const RecognizeResponse answer = *std::move(frames_.front().answer);
    frames_.pop_front();
    ++first_;
    call_.Send(answer);
    if (!draining()) call_.ReadMore();
  }
  if (!frames_.empty()) return;
  if (ended_) {
    call_.Finish(absl::OkStatus());
  } else if (draining()) {
    call_.Fail(Error(Reason::SHUTTING_DOWN, "the server is shutting down; open the stream again"));
  }
}

void StreamRecognizeHandler::OnRequestEnd() {
  ended_ = true;
  Flush();
}

void StreamRecognizeHandler::OnCancel() {
  for (Frame& frame : frames_) {
    call_.loop().Cancel(frame.timer);
    if (!frame.answer && frame.ticket != 0) pipeline_.Cancel(frame.ticket);
  }
}

}  // namespace sluice
