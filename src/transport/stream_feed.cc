#include "transport/stream_feed.h"

#include <utility>

#include "base/error.h"

namespace sluice::transport {
namespace {

// Messages below this are not worth an account of their own.
constexpr size_t kHoldBytesMin = 16 << 10;

}  // namespace

void StreamFeed::Take(std::string_view bytes, Decode decode, bool chore) {
  --credits_;
  auto hold = std::make_shared<http::BudgetHold>(budget_, bytes.size() < kHoldBytesMin ? 0 : bytes.size());
  holds_.push_back(hold);
  if (!chore) return Deliver(decode(call_->method(), bytes), bytes.size());
  // The chore and its way back own all they touch: this feed may be gone by then.
  Task job = [self = self_, call = call_, text = std::string(bytes), decode = std::move(decode),
              hold = std::move(hold)]() mutable {
    Loop& loop = call->loop();
    auto message = decode(call->method(), text);
    loop.Post([self = std::move(self), call = std::move(call), message = std::move(message), hold = std::move(hold),
               size = text.size()]() mutable {
      if (*self != nullptr) (*self)->Deliver(std::move(message), size);
    });
  };
  decoding_ = chores_.TryPost(call_->chore_owner(), job);
  if (!decoding_) call_->Fail(Error(Reason::OVERLOADED, "too many large messages wait to be decoded; retry later"));
}

void StreamFeed::Deliver(absl::StatusOr<MessagePtr> message, size_t bytes) {
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
