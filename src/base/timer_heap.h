// The timers of one loop: a 4-ary heap by time, with the position of every timer known, so that cancelling removes it.
// Most timers (deadlines) are cancelled; a lazy heap would keep them until their time. Add and Cancel are O(log n),
// no allocation once the arrays have grown. Pure: no clock, no thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/executor.h"

namespace sluice {

class TimerHeap {
 public:
  Loop::TimerId Add(TimePoint when, Task task);
  // False when the timer ran or was cancelled already.
  bool Cancel(Loop::TimerId id);
  // Time of the earliest timer; kNever when there is none.
  TimePoint Earliest() const { return heap_.empty() ? kNever : heap_[0].when; }
  // Takes the earliest timer out if it is due and was added before `end`; equal times come in order of Add.
  bool TakeDue(TimePoint now, uint64_t end, Task& task);
  // Of the next Add: all so far were added before it.
  uint64_t next_order() const { return next_order_; }
  size_t size() const { return heap_.size(); }

 private:
  struct Node {
    TimePoint when;
    uint64_t order;
    uint32_t slot;
    bool operator<(const Node& other) const { return when != other.when ? when < other.when : order < other.order; }
  };
  struct Slot {
    Task task;
    uint32_t at = 0;          // position in heap_
    uint32_t generation = 1;  // so that an old id does not hit a new timer
    bool used = false;
  };

  void Place(uint32_t at, Node node);
  void SiftUp(uint32_t at, Node node);
  void SiftDown(uint32_t at, Node node);
  Task Remove(uint32_t at);

  std::vector<Node> heap_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  uint64_t next_order_ = 0;
};

}  // namespace sluice
