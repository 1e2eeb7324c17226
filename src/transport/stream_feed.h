// The request messages of a stream whose wire form takes time to decode (JSON): in order, one at a time, large ones on
// a worker; how many more the handler takes; what they hold of the budget.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/budget.h"
#include "base/chores.h"
#include "base/decode_memory.h"
#include "base/lifeline.h"
#include "call/call.h"
#include "transport/decoding.h"

namespace sluice::transport {

// Belongs to its call's loop.
class StreamFeed {
 public:
  using Decode = std::function<absl::StatusOr<MessagePtr>(const Method&, std::string_view, DecodeMemory&)>;

  // `resume` runs when CanTake() turned true outside Take. `message_bytes_max` is the server's own bound; the method's
  // holds, too. The references outlive the feed.
  StreamFeed(std::shared_ptr<Call> call, Budget& budget, Chores& chores, size_t message_bytes_max,
             std::function<void()> resume);
  StreamFeed(const StreamFeed&) = delete;
  StreamFeed& operator=(const StreamFeed&) = delete;

  bool CanTake() const { return credits_ > 0 && !decoding_ && !paused_ && !ended_; }
  size_t message_bytes_max() const { return message_bytes_max_; }
  // Decodes and delivers, now or, if it is a `chore` (too long for a loop), later. Only while CanTake().
  void Take(std::string_view bytes, Decode decode, bool chore);
  // No more messages: RequestEnd after the last one.
  void End();
  // The handler takes one more (CallPort::ReadMore).
  void ReadMore();

 private:
  void OnDecoded(absl::StatusOr<MessagePtr> message, size_t bytes);
  void Pause();

  const std::shared_ptr<Call> call_;
  Budget& budget_;
  Chores& chores_;
  const size_t message_bytes_max_;
  const std::function<void()> resume_;
  size_t credits_ = 1;  // messages that the handler takes
  bool decoding_ = false, ended_ = false;
  bool paused_ = false;                            // until the loop's next turn
  std::deque<std::shared_ptr<BudgetHold>> holds_;  // of the messages that the handler has
  Lifeline lifeline_;
};

}  // namespace sluice::transport
