#include "transport/stream_feed.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/long_turn.h"

namespace sluice::transport {

StreamFeed::StreamFeed(std::shared_ptr<Call> call, Budget& budget, Chores& chores, size_t message_bytes_max,
                       std::function<void()> resume)
    : call_(std::move(call)),
      budget_(budget),
      chores_(chores),
      message_bytes_max_(std::min(message_bytes_max, call_->method().request_bytes_max)),
      resume_(std::move(resume)) {}

void StreamFeed::Take(std::string_view bytes, Decode decode, bool chore) {
  --credits_;
  auto hold = std::make_shared<BudgetHold>(budget_, chore ? bytes.size() : 0);
  holds_.push_back(hold);
  if (!chore) {
    DecodeMemory memory(budget_, *hold, message_bytes_max_);
    auto message = decode(call_->method(), bytes, memory);
    if (TurnIsLong(call_->loop())) Pause();
    return OnDecoded(std::move(message), bytes.size());
  }
  const ChoreOwner owner = call_->chore_owner();
  Decoding decoding{.call = call_,
                    .budget = budget_,
                    .hold = std::move(hold),
                    .bytes_max = message_bytes_max_,
                    .wire_bytes = bytes.size(),
                    .decoder = [decode = std::move(decode), text = std::string(bytes)](
                                   const Method& method, DecodeMemory& memory,
                                   const std::stop_token&) { return decode(method, text, memory); },
                    .stop = owner.stop};
  Task task = lifeline_.RoundTrip(
      call_->loop(), std::move(decoding), [](Decoding& on_worker) { on_worker.Run(); },
      [this](Decoding back) { OnDecoded(std::move(back.message), back.wire_bytes); });
  decoding_ = chores_.TryPost(owner, task);
  if (!decoding_)
    call_->Fail(Error(Reason::OVERLOADED, "too many large messages are waiting to be decoded; retry later"));
}

// Ten thousand small messages may come in one read.
void StreamFeed::Pause() {
  if (std::exchange(paused_, true)) return;
  call_->loop().Post(lifeline_.Bind([this] {
    paused_ = false;
    if (CanTake()) resume_();
  }));
}

void StreamFeed::OnDecoded(absl::StatusOr<MessagePtr> message, size_t bytes) {
  const bool resume = std::exchange(decoding_, false);
  if (call_->done()) return;
  if (!message.ok()) {
    call_->bytes_in += bytes;
    return call_->Fail(message.status());
  }
  call_->Deliver(*std::move(message), bytes);
  if (call_->done()) return;
  if (ended_) return call_->RequestEnd();
  if (resume && CanTake()) resume_();
}

void StreamFeed::End() {
  if (std::exchange(ended_, true) || decoding_ || call_->done()) return;
  call_->RequestEnd();
}

void StreamFeed::ReadMore() {
  ++credits_;
  if (!holds_.empty()) holds_.pop_front();
  if (CanTake()) resume_();
}

}  // namespace sluice::transport
