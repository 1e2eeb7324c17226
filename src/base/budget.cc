#include "base/budget.h"

namespace sluice {

bool Budget::TryCharge(size_t bytes) {
  size_t now = this->bytes();
  while (FitsAbove(now, bytes)) {
    if (bytes_.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool Budget::TryConnect() {
  size_t now = connections();
  while (now < connections_max_) {
    if (connections_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace sluice
