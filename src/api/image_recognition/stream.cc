#include "api/image_recognition/stream.h"

#include <utility>

#include "base/error.h"

namespace sluice {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;

StreamRecognizeHandler::StreamRecognizeHandler(Call& call, Pipeline& pipeline, const ImageRecognitionOptions& options)
    : call_(call), options_(options), runner_(call, pipeline, [this](RecognizeResponse answer) {
        answers_[answer.sequence() - first_] = std::move(answer);
        Flush();
      }) {
  for (size_t i = 1; i < options_.stream_window; ++i) call_.ReadMore();
}

void StreamRecognizeHandler::OnMessage(MessagePtr message) {
  const uint32_t sequence = first_ + static_cast<uint32_t>(answers_.size());
  answers_.emplace_back();
  runner_.Start(sequence, std::move(static_cast<RecognizeRequest&>(*message)), call_.loop().clock().Now());
}

void StreamRecognizeHandler::Flush() {
  while (!answers_.empty() && answers_.front() && call_.CanWrite()) {
    const RecognizeResponse answer = *std::move(answers_.front());
    answers_.pop_front();
    ++first_;
    call_.Send(answer);
    if (!options_.Draining()) call_.ReadMore();
  }
  if (!answers_.empty()) return;
  if (ended_) {
    call_.Finish(absl::OkStatus());
  } else if (options_.Draining()) {
    call_.Fail(Error(Reason::SHUTTING_DOWN, "the server is shutting down; open the stream again"));
  }
}

void StreamRecognizeHandler::OnRequestEnd() {
  ended_ = true;
  Flush();
}

}  // namespace sluice
