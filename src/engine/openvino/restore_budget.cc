#include "engine/openvino/restore_budget.h"

#include <algorithm>

namespace sluice {

void RestoreBudget::Refill() {
  const TimePoint now = clock_.Now();
  store_ = std::min<Duration>(kStoreMax, store_ + (now - at_) / kShare);
  at_ = now;
}

bool RestoreBudget::left() {
  const std::lock_guard lock(mutex_);
  Refill();
  return store_ > Duration::zero();
}

void RestoreBudget::Spend(Duration time) {
  const std::lock_guard lock(mutex_);
  Refill();
  store_ -= std::max(time - kFree, Duration::zero());
  ++times_;
}

}  // namespace sluice
