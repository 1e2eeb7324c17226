#include "base/turn.h"

#include <algorithm>

namespace sluice {
namespace {

thread_local std::string_view turn_name;

// One thread writes: no locked instruction is needed.
template <typename T>
void AddTo(std::atomic<T>& sum, T more) {
  sum.store(sum.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

void NameTurn(std::string_view what) { turn_name = what; }
std::string_view TurnName() { return turn_name; }

void TurnTimes::Add(Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  // Most turns are in the first buckets.
  const auto* bound = std::find_if(kBounds.begin(), kBounds.end(), [=](double b) { return seconds <= b; });
  AddTo(counts_[static_cast<size_t>(bound - kBounds.begin())], uint64_t{1});
  AddTo(total_ns_, static_cast<int64_t>(time.count()));
}

TurnTimes::Numbers TurnTimes::Get() const {
  Numbers numbers;
  for (size_t i = 0; i < counts_.size(); ++i) numbers.counts[i] = counts_[i].load(std::memory_order_relaxed);
  numbers.seconds = static_cast<double>(total_ns_.load(std::memory_order_relaxed)) * 1e-9;
  return numbers;
}

}  // namespace sluice
