#include <algorithm>
#include <tuple>

#include "scheduler/core.h"

namespace sluice {
namespace {

// How far a batch looks for what may share it: principals, and items in all.
constexpr size_t kGatherPrincipals = 16;
constexpr size_t kGatherItems = 256;

}  // namespace

// The principals go on taking turns, each as if what it has in the batch had been served.
void SchedulerCore::Gather(const Queue& queue, const FairOrder& order, size_t limit,
                           std::vector<Ticket>& chosen) const {
  const Item& head = items_.find(chosen.front())->second;
  const uint64_t group = head.work->group;
  struct Cursor {
    Duration used;
    size_t order;  // of the principals' turns
    const FairOrder::Share* share;
    std::set<Urgency>::const_iterator at, end;
    bool operator<(const Cursor& other) const { return std::tuple(used, order) > std::tuple(other.used, other.order); }
  };
  size_t looks = kGatherItems;
  const auto skip_others = [&](Cursor& cursor) {
    for (; cursor.at != cursor.end && looks > 0; ++cursor.at, --looks) {
      const Item& item = items_.find(cursor.at->ticket)->second;
      if (item.queue == &queue && item.work->group == group) return true;
    }
    return false;
  };
  std::vector<Cursor> cursors;  // a heap: the next turn in front
  for (const FairOrder::Turn& turn : order.turns()) {
    if (cursors.size() == kGatherPrincipals || looks == 0) break;
    Cursor cursor{turn.used, cursors.size(), turn.share, turn.share->waiting.begin(), turn.share->waiting.end()};
    if (turn.share == head.share) {
      ++cursor.at;
      cursor.used += turn.share->Ticks(queue.service.Predict(head.work->weighed));
    }
    if (skip_others(cursor)) cursors.push_back(cursor);
  }
  std::make_heap(cursors.begin(), cursors.end());
  double cost = head.work->weighed;
  while (!cursors.empty() && chosen.size() < limit) {
    std::pop_heap(cursors.begin(), cursors.end());
    Cursor& next = cursors.back();
    const double more = items_.find(next.at->ticket)->second.work->weighed;
    cost += more;
    if (queue.service.Predict(cost) > queue.options.batch_time_max) break;
    chosen.push_back(next.at->ticket);
    next.used += next.share->Ticks(queue.service.Predict(more));
    next.order += kGatherPrincipals;  // equals take turns
    ++next.at;
    if (skip_others(next)) {
      std::push_heap(cursors.begin(), cursors.end());
    } else {
      cursors.pop_back();
    }
  }
}

}  // namespace sluice
