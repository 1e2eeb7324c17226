// The memory that decoding one message takes: asked from the in-flight budget before it is allocated.
//
//   inflated bytes, a JSON text's index, the message itself     Take ... Give
//   in the end only the message                                 Keep
#pragma once

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "base/budget.h"

namespace sluice {

class DecodeMemory {
 public:
  // `hold` gets what is taken, beside what it has (the bytes as they came); while the decoding runs, on whatever
  // thread, it is nobody else's. `message_bytes_max`: of the message's wire form, as sent or inflated.
  DecodeMemory(Budget& budget, BudgetHold& hold, size_t message_bytes_max)
      : budget_(budget), hold_(hold), came_(hold.bytes()), message_bytes_max_(message_bytes_max) {}

  // For bytes about to be allocated: BODY_TOO_LARGE when this is more than a message of this size may become,
  // OVERLOADED when the budget has no room.
  absl::Status Take(size_t bytes);
  void Give(size_t bytes) { Set(taken_ - bytes); }
  // The message was made and takes `bytes`; the bytes as they came are gone.
  void Keep(size_t bytes);

  size_t taken() const { return taken_; }
  size_t held() const { return came_ + taken_; }
  size_t message_bytes_max() const { return message_bytes_max_; }
  // What a message may become: some times its largest wire form, and never more than half of the budget.
  size_t bytes_max() const { return std::min(kFactor * message_bytes_max_ + kAlways, budget_.bytes_max() / 2); }

  // Less than this is not worth an account of its own.
  static constexpr size_t kSmallBytes = Budget::kSmallBytes;

 private:
  static constexpr size_t kFactor = 10;
  static constexpr size_t kAlways = 1 << 20;

  void Set(size_t taken);

  Budget& budget_;
  BudgetHold& hold_;
  size_t came_;
  const size_t message_bytes_max_;
  size_t taken_ = 0;
};

}  // namespace sluice
