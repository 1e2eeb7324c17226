#include "base/timer_heap.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {
constexpr uint32_t kArity = 4;
}  // namespace

Loop::TimerId TimerHeap::Add(TimePoint when, Task task) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.task = std::move(task);
  slot.used = true;
  heap_.emplace_back();
  SiftUp(static_cast<uint32_t>(heap_.size() - 1), Node{when, next_order_++, index});
  return (static_cast<uint64_t>(slot.generation) << 32) | index;
}

bool TimerHeap::Cancel(Loop::TimerId id) {
  const auto index = static_cast<uint32_t>(id);
  if (index >= slots_.size() || !slots_[index].used || slots_[index].generation != id >> 32) return false;
  Remove(slots_[index].at);
  return true;
}

bool TimerHeap::TakeDue(TimePoint now, uint64_t end, Task& task) {
  if (heap_.empty() || heap_[0].when > now || heap_[0].order >= end) return false;
  task = Remove(0);
  return true;
}

void TimerHeap::Place(uint32_t at, Node node) {
  heap_[at] = node;
  slots_[node.slot].at = at;
}

void TimerHeap::SiftUp(uint32_t at, Node node) {
  while (at > 0) {
    const uint32_t parent = (at - 1) / kArity;
    if (!(node < heap_[parent])) break;
    Place(at, heap_[parent]);
    at = parent;
  }
  Place(at, node);
}

void TimerHeap::SiftDown(uint32_t at, Node node) {
  const auto size = static_cast<uint32_t>(heap_.size());
  while (true) {
    const uint32_t first = at * kArity + 1;
    if (first >= size) break;
    const auto least = std::min_element(heap_.begin() + first, heap_.begin() + std::min(first + kArity, size));
    if (!(*least < node)) break;
    const auto from = static_cast<uint32_t>(least - heap_.begin());
    Place(at, *least);
    at = from;
  }
  Place(at, node);
}

Task TimerHeap::Remove(uint32_t at) {
  const uint32_t index = heap_[at].slot;
  Slot& slot = slots_[index];
  Task task = std::move(slot.task);
  slot.task = nullptr;
  slot.used = false;
  if (++slot.generation == 0) slot.generation = 1;
  free_.push_back(index);

  const Node last = heap_.back();
  heap_.pop_back();
  if (at < heap_.size()) {
    if (at > 0 && last < heap_[(at - 1) / kArity]) {
      SiftUp(at, last);
    } else {
      SiftDown(at, last);
    }
  }
  return task;
}

}  // namespace sluice
