#include "transport/http/budget.h"

namespace sluice::http {

bool Budget::TryConnect() {
  size_t now = connections();
  while (now < connections_max_) {
    if (connections_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace sluice::http
