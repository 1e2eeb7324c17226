#include "scheduler/core.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

// Bounds of the retry-after of a refusal.
constexpr absl::Duration kRetryMin = absl::Milliseconds(50);
constexpr absl::Duration kRetryMax = absl::Seconds(30);
constexpr absl::Duration kRetryUnmeasured = absl::Seconds(1);

// A principal may fill a queue as long as it holds at most this many times what is still free: alone ¾ of the queue, so
// that there is room for newcomers, and each has the less the more share it.
constexpr size_t kOwnPerFree = 3;

// How far a batch looks for what may share it: principals, and items in all.
constexpr size_t kGatherPrincipals = 16;
constexpr size_t kGatherItems = 256;

// How far a prediction looks one by one; what comes after that counts as a whole.
constexpr size_t kPredictItems = 256;
constexpr size_t kPredictPrincipals = 64;

}  // namespace

SchedulerCore::SchedulerCore(int workers) : workers_(workers), idle_(workers) {}
SchedulerCore::~SchedulerCore() = default;

QueueId SchedulerCore::AddQueue(QueueOptions options) {
  auto queue = std::make_unique<Queue>();
  queue->stats.id = ++last_queue_;
  queue->stats.name = options.name;
  options.max_batch = std::max<size_t>(1, options.max_batch);
  queue->options = std::move(options);
  queues_.emplace(last_queue_, std::move(queue));
  return last_queue_;
}

DropList SchedulerCore::RemoveQueue(QueueId id) {
  const auto it = queues_.find(id);
  if (it == queues_.end()) return {};
  DropList dropped = DropAll(*it->second, Error(Reason::MODEL_UNAVAILABLE, "the model was unloaded; try again"));
  queues_.erase(it);
  return dropped;
}

// --- in ---

absl::StatusOr<Ticket> SchedulerCore::Offer(QueueId id, std::unique_ptr<Work>&& work, TimePoint now) {
  if (shut_down_) return Error(Reason::SHUTTING_DOWN, "the server is shutting down");
  const auto found = queues_.find(id);
  if (found == queues_.end()) return Error(Reason::MODEL_UNAVAILABLE, "the model was unloaded; try again");
  Queue& queue = *found->second;
  if (absl::Status room = CheckRoom(queue, *work, now); !room.ok()) {
    ++queue.stats.refused;
    return room;
  }
  work->offered = now;
  work->deadline = std::min(work->deadline, now + kLongestWait);
  work->cost = std::max(1e-6, work->cost);
  const Ticket ticket = ++last_ticket_;
  Insert(ticket, queue, std::move(work));
  ++queue.stats.offered;
  return ticket;
}

absl::Status SchedulerCore::CheckRoom(const Queue& queue, const Work& work, TimePoint now) const {
  if (work.deadline <= now) return Error(Reason::DEADLINE_EXCEEDED, "the deadline passed before the work was queued");
  const size_t free = queue.options.max_items - std::min(queue.waiting, queue.options.max_items);
  const FairOrder::Share* share = order_.Find(work.principal);
  if (free == 0 || (share != nullptr && share->ItemsIn(&queue) / kOwnPerFree >= free))
    return Overloaded(queue, work, now);
  if (!queue.options.judges_time || !queue.service.measured()) return absl::OkStatus();
  // The only item of its queue is let in whatever the prediction says: its run corrects a prediction gone wrong.
  if (queue.waiting == 0 && queue.stats.running == 0) return absl::OkStatus();
  const Duration run = queue.service.Predict(work.cost);
  const Duration needed = PredictedWait(queue.stats.id, work.principal, work.deadline, now) + run;
  const Duration left = work.deadline - now;
  if (needed <= left) return absl::OkStatus();
  // What would be in time on an idle server is refused for the queue's sake: elsewhere or later it may succeed.
  absl::Status late =
      Error(run <= left ? Reason::OVERLOADED : Reason::DEADLINE_EXCEEDED,
            StrCat("needs about ", static_cast<int64_t>(ToMs(needed)), " ms with the current queue, but has ",
                   static_cast<int64_t>(ToMs(left)), " ms; retry later or allow more time"));
  SetRetryAfter(late, RetryAfter(queue, work.principal, now));
  return late;
}

absl::Status SchedulerCore::Overloaded(const Queue& queue, const Work& work, TimePoint now) const {
  absl::Status full =
      Error(Reason::OVERLOADED, queue.waiting >= queue.options.max_items
                                    ? StrCat("the queue of ", queue.options.max_items, " is full; retry later")
                                    : StrCat("this client's share of the queue of ", queue.options.max_items,
                                             " is full; send fewer calls at a time"));
  SetRetryAfter(full, RetryAfter(queue, work.principal, now));
  return full;
}

absl::Duration SchedulerCore::RetryAfter(const Queue& queue, Principal principal, TimePoint now) const {
  if (!queue.service.measured()) return kRetryUnmeasured;
  return std::clamp(absl::FromChrono(PredictedWait(queue.stats.id, principal, kNever, now)), kRetryMin, kRetryMax);
}

Urgency SchedulerCore::UrgencyOf(const Queue& queue, TimePoint deadline, int priority, Ticket ticket, TimePoint now) {
  return {std::min(deadline, now + queue.options.patience), priority, ticket};
}

void SchedulerCore::Insert(Ticket ticket, Queue& queue, std::unique_ptr<Work> work) {
  const Urgency urgency = UrgencyOf(queue, work->deadline, work->priority, ticket, work->offered);
  FairOrder::Share& share = order_.Add(work->principal, urgency, &queue, work->cost);
  deadlines_.emplace(work->deadline, ticket);
  ++queue.waiting;
  queue.waiting_cost += work->cost;
  items_.emplace(ticket, Item{std::move(work), &queue, &share, urgency});
}

// --- out ---

Batch SchedulerCore::Take(int worker, TimePoint now) {
  Batch batch;
  if (order_.turns().empty()) return batch;
  const Ticket head = order_.turns().begin()->share->waiting.begin()->ticket;
  Queue& queue = *items_.find(head)->second.queue;
  batch.queue = queue.stats.id;
  batch.worker = worker;
  batch.started = now;
  workers_[worker] = {.started = now, .busy = true};
  const std::vector<Ticket> chosen = Choose(queue);
  batch.works.reserve(chosen.size());
  for (const Ticket ticket : chosen) {
    std::unique_ptr<Work> work = Serve(items_.find(ticket));
    work->taken = now;
    batch.cost += work->cost;
    batch.charges.push_back({work->principal, work->cost});
    batch.works.push_back(std::move(work));
    workers_[worker].items.push_back(ticket);
  }
  batch.items = batch.works.size();
  batch.predicted = queue.service.Predict(batch.cost);
  workers_[worker].predicted = batch.predicted;
  queue.stats.running += batch.items;
  queue.stats.taken += batch.items;
  ++queue.stats.batches;
  --idle_;
  return batch;
}

// Whose turn it is, and what may share the batch with it.
std::vector<Ticket> SchedulerCore::Choose(const Queue& queue) const {
  std::vector<Ticket> chosen = {order_.turns().begin()->share->waiting.begin()->ticket};
  if (const size_t limit = BatchLimit(queue); limit > 1) Gather(queue, limit, chosen);
  return chosen;
}

// The principals go on taking turns, each as if what it has in the batch had been served.
void SchedulerCore::Gather(const Queue& queue, size_t limit, std::vector<Ticket>& chosen) const {
  const Item& head = items_.find(chosen.front())->second;
  const uint64_t group = head.work->group;
  struct Cursor {
    Duration used;
    size_t order;  // of the principals' turns
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
  for (const FairOrder::Turn& turn : order_.turns()) {
    if (cursors.size() == kGatherPrincipals || looks == 0) break;
    Cursor cursor{turn.used, cursors.size(), turn.share->waiting.begin(), turn.share->waiting.end()};
    if (turn.share == head.share) {
      ++cursor.at;
      cursor.used += queue.service.Predict(head.work->cost);
    }
    if (skip_others(cursor)) cursors.push_back(cursor);
  }
  std::make_heap(cursors.begin(), cursors.end());
  double cost = head.work->cost;
  while (!cursors.empty() && chosen.size() < limit) {
    std::pop_heap(cursors.begin(), cursors.end());
    Cursor& next = cursors.back();
    const double more = items_.find(next.at->ticket)->second.work->cost;
    cost += more;
    if (queue.service.Predict(cost) > queue.options.batch_time_max) break;
    chosen.push_back(next.at->ticket);
    next.used += queue.service.Predict(more);
    next.order += kGatherPrincipals;  // equals take turns
    ++next.at;
    if (skip_others(next)) {
      std::push_heap(cursors.begin(), cursors.end());
    } else {
      cursors.pop_back();
    }
  }
}

// max_batch, or less so that workers which idle get their share.
size_t SchedulerCore::BatchLimit(const Queue& queue) const {
  const size_t takers = static_cast<size_t>(std::max(1, idle_));
  return std::min(queue.options.max_batch, (queue.waiting + takers - 1) / takers);
}

void SchedulerCore::Done(const Batch& batch, Duration busy) {
  Running& worker = workers_[batch.worker];
  const bool cut_short = worker.items.empty() && busy < batch.predicted;
  worker = {};
  ++idle_;
  const auto it = queues_.find(batch.queue);
  for (const Batch::Charge& charge : batch.charges) {
    const double part = charge.cost / batch.cost;
    order_.Correct(charge.principal, std::chrono::duration_cast<Duration>((busy - batch.predicted) * part));
  }
  if (it == queues_.end()) return;
  Queue& queue = *it->second;
  if (!cut_short) queue.service.Add(batch.cost, busy);
  queue.stats.running -= batch.items;
  queue.stats.done += batch.items;
  queue.stats.busy += busy;
}

std::unique_ptr<Work> SchedulerCore::Cancel(Ticket ticket) {
  const auto it = items_.find(ticket);
  if (it == items_.end()) return nullptr;
  ++it->second.queue->stats.cancelled;
  return Extract(it);
}

int SchedulerCore::Stop(Ticket ticket) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    auto& items = workers_[i].items;
    const auto it = std::find(items.begin(), items.end(), ticket);
    if (it == items.end()) continue;
    items.erase(it);
    return items.empty() ? static_cast<int>(i) : -1;
  }
  return -1;
}

DropList SchedulerCore::Expire(TimePoint now) {
  DropList dropped;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto it = items_.find(deadlines_.begin()->second);
    ++it->second.queue->stats.expired;
    dropped.push_back({Extract(it), Error(Reason::DEADLINE_EXCEEDED, "the deadline passed in the queue")});
  }
  return dropped;
}

TimePoint SchedulerCore::NextWake() const { return deadlines_.empty() ? kNever : deadlines_.begin()->first; }

DropList SchedulerCore::Shutdown() {
  shut_down_ = true;
  DropList dropped;
  for (auto& [id, queue] : queues_) {
    DropList part = DropAll(*queue, Error(Reason::SHUTTING_DOWN, "the server is shutting down"));
    std::move(part.begin(), part.end(), std::back_inserter(dropped));
  }
  return dropped;
}

DropList SchedulerCore::DropAll(Queue& queue, const absl::Status& why) {
  std::vector<Ticket> tickets;
  if (queue.waiting > 0) {
    for (const auto& [ticket, item] : items_) {
      if (item.queue == &queue) tickets.push_back(ticket);
    }
  }
  std::sort(tickets.begin(), tickets.end());
  DropList dropped;
  for (const Ticket ticket : tickets) dropped.push_back({Extract(items_.find(ticket)), why});
  queue.stats.dropped += dropped.size();
  return dropped;
}

std::unique_ptr<Work> SchedulerCore::Extract(Items::iterator it) {
  const Item& item = it->second;
  order_.Remove(*item.share, item.urgency, item.queue, item.work->cost);
  return Forget(it);
}

// Extract() of what runs now.
std::unique_ptr<Work> SchedulerCore::Serve(Items::iterator it) {
  const Item& item = it->second;
  const double cost = item.work->cost;
  order_.Serve(*item.share, item.urgency, item.queue, cost, item.queue->service.Predict(cost));
  return Forget(it);
}

// All but its place in the order.
std::unique_ptr<Work> SchedulerCore::Forget(Items::iterator it) {
  std::unique_ptr<Work> work = std::move(it->second.work);
  Queue& queue = *it->second.queue;
  deadlines_.erase({work->deadline, it->first});
  items_.erase(it);
  queue.waiting_cost = --queue.waiting == 0 ? 0 : queue.waiting_cost - work->cost;
  return work;
}

// --- predictions ---

Duration SchedulerCore::RunningLeft(TimePoint now) const {
  Duration left{};
  for (const Running& worker : workers_) {
    if (worker.busy) left += std::max(Duration::zero(), worker.started + worker.predicted - now);
  }
  return left;
}

Duration SchedulerCore::TimeOf(const FairOrder::Share& share) const {
  Duration time{};
  for (const auto& part : share.parts) time += static_cast<const Queue*>(part.queue)->service.Predict(part.cost);
  return time;
}

// All of it without what is less urgent: usually nothing, for deadlines come in order.
Duration SchedulerCore::OwnBefore(const FairOrder::Share& share, const Urgency& urgency) const {
  Duration time = TimeOf(share);
  size_t looks = kPredictItems;
  for (auto it = share.waiting.rbegin(); it != share.waiting.rend() && urgency < *it && looks-- > 0; ++it) {
    const Item& item = items_.find(it->ticket)->second;
    time -= item.queue->service.Predict(item.work->cost);
  }
  return std::max(Duration::zero(), time);
}

// The others go first until their clocks show `clock`, or they have nothing left.
Duration SchedulerCore::OthersBefore(Principal principal, Duration clock) const {
  Duration time{}, seen{};
  size_t looks = 0;
  for (const FairOrder::Turn& turn : order_.turns()) {
    if (turn.used >= clock) break;
    if (++looks > kPredictPrincipals) {
      Duration all{};
      for (const auto& [id, queue] : queues_) all += queue->service.Predict(queue->waiting_cost);
      const auto others = static_cast<int64_t>(order_.turns().size() - kPredictPrincipals);
      return time + std::min(std::max(Duration::zero(), all - seen), others * (clock - turn.used));
    }
    const Duration has = TimeOf(*turn.share);
    seen += has;
    if (turn.share->principal != principal) time += std::min(has, clock - turn.used);
  }
  return time;
}

Duration SchedulerCore::PredictedWait(QueueId id, Principal principal, TimePoint deadline, TimePoint now) const {
  const auto queue = queues_.find(id);
  if (queue == queues_.end() || (idle_ > 0 && items_.size() < static_cast<size_t>(idle_))) return Duration::zero();
  const FairOrder::Share* share = order_.Find(principal);
  const Urgency urgency = UrgencyOf(*queue->second, deadline, 0, last_ticket_ + 1, now);
  const Duration own = share == nullptr ? Duration::zero() : OwnBefore(*share, urgency);
  const Duration others = OthersBefore(principal, order_.ClockOf(principal) + own);
  return (RunningLeft(now) + own + others) / static_cast<int64_t>(workers_.size());
}

Duration SchedulerCore::Backlog(TimePoint now) const {
  if (idle_ > 0 && items_.size() < static_cast<size_t>(idle_)) return Duration::zero();
  Duration all = RunningLeft(now);
  for (const auto& [id, queue] : queues_) all += queue->service.Predict(queue->waiting_cost);
  return all / static_cast<int64_t>(workers_.size());
}

size_t SchedulerCore::WaitingIn(QueueId id) const {
  const auto it = queues_.find(id);
  return it == queues_.end() ? 0 : it->second->waiting;
}

std::vector<QueueStats> SchedulerCore::Stats(TimePoint now) const {
  std::vector<QueueStats> all;
  const Duration wait = Backlog(now);
  for (const auto& [id, queue] : queues_) {
    QueueStats stats = queue->stats;
    stats.depth = queue->waiting;
    stats.predicted_wait = wait;
    stats.service_time = queue->service.Predict(1);
    all.push_back(std::move(stats));
  }
  return all;
}

}  // namespace sluice
