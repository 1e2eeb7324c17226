// A live stream: one answer per message, in order; a bad, late or refused message is answered with `error` and the
// stream goes on. Up to `window` messages are in progress; then reading stops and flow control does the rest.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "api/streaming/message_runner.h"
#include "api/streaming/options.h"
#include "call/stream_resume.h"

namespace sluice {

template <typename Request, typename Response>
class OrderedStream final : public CallHandler {
 public:
  OrderedStream(Call& call, const StreamOptions& options, typename MessageRunner<Request, Response>::Submit submit)
      : call_(call), options_(options), runner_(call, std::move(submit), [this](uint32_t sequence, Response answer) {
          answers_[sequence - first_] = std::move(answer);
          Flush();
        }) {
    for (size_t i = 1; i < options_.window; ++i) call_.ReadMore();
  }

  void OnMessage(MessagePtr message) override {
    const uint32_t sequence = first_ + static_cast<uint32_t>(answers_.size());
    answers_.emplace_back();
    runner_.Start(sequence, std::move(static_cast<Request&>(*message)), call_.loop().clock().Now());
  }
  void OnRequestEnd() override {
    ended_ = true;
    Flush();
  }
  void OnWritable() override { Flush(); }
  void OnDrain() override { Flush(); }
  void OnCancel() override { runner_.Cancel(); }

 private:
  void Flush() {
    while (!answers_.empty() && answers_.front() && call_.CanWrite()) {
      const Response answer = *std::move(answers_.front());
      answers_.pop_front();
      ++first_;
      call_.Send(answer);
      if (!options_.Draining()) call_.ReadMore();
    }
    if (!answers_.empty() || (!ended_ && !options_.Draining())) return;
    if (first_ > 0) call_.response_trailers().Add(kLastSequence, std::to_string(first_ - 1));
    if (ended_) {
      call_.Finish(absl::OkStatus());
    } else {
      call_.Fail(Error(Reason::SHUTTING_DOWN, "the server is shutting down; open the stream again"));
    }
  }

  Call& call_;
  const StreamOptions options_;
  MessageRunner<Request, Response> runner_;
  std::deque<std::optional<Response>> answers_;  // of the messages since first_; set when known
  uint32_t first_ = 0;                           // sequence number of answers_[0]
  bool ended_ = false;                           // the client sent its last message
};

}  // namespace sluice
