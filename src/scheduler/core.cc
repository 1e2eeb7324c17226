#include "scheduler/core.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

// Shorter predictions are off by what has nothing to do with the queue.
constexpr Duration kWaitThatTeaches = std::chrono::milliseconds(5);

}  // namespace

SchedulerCore::SchedulerCore(int workers, Weights weights)
    : weights_(std::move(weights)), workers_(workers), idle_(workers) {
  order_.Use(weights_);
}
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
  work->cost = std::max(1e-6, work->cost);
  work->weighed = queue.service.Weigh(work->cost, work->size);
  RETURN_IF_ERROR(CheckRoom(queue, *work, now));
  work->offered = now;
  work->deadline = std::min(work->deadline, now + kLongestWait);
  const Ticket ticket = ++last_ticket_;
  Insert(ticket, queue, std::move(work));
  ++queue.stats.offered;
  return ticket;
}

Urgency SchedulerCore::UrgencyOf(Duration patience, TimePoint deadline, int priority, Ticket ticket, TimePoint now) {
  return {std::min(deadline, now + patience), priority, ticket};
}

void SchedulerCore::Insert(Ticket ticket, Queue& queue, std::unique_ptr<Work> work) {
  const Urgency urgency = UrgencyOf(queue.options.patience, work->deadline, work->priority, ticket, work->offered);
  FairOrder::Share& share = order_[work->work_class].Add(work->principal, urgency, &queue, work->weighed);
  ++queue.waiting;
  queue.waiting_cost[static_cast<size_t>(work->work_class)] += work->weighed;
  const Duration predicted = queue.service.Predict(work->weighed);
  queued_ += predicted;
  // What could start at once is tried until its deadline; what waited, only as long as it can be in time.
  const TimePoint latest = work->deadline - (work->predicted_wait > Duration::zero() ? predicted : Duration::zero());
  latest_.emplace(latest, ticket);
  items_.emplace(ticket, Item{std::move(work), &queue, &share, urgency, predicted, latest});
}

// --- out ---

Batch SchedulerCore::Take(int worker, TimePoint now) {
  Batch batch;
  const std::optional<WorkClass> turn = order_.Next();
  JudgeGhosts(turn, now);
  if (!turn) return batch;
  const Ticket head = order_[*turn].turns().begin()->share->waiting.begin()->ticket;
  Queue& queue = *items_.find(head)->second.queue;
  batch.queue = queue.stats.id;
  batch.worker = worker;
  batch.started = now;
  batch.work_class = *turn;
  workers_[worker] = {.started = now, .busy = true};
  const std::vector<Ticket> chosen = Choose(queue, *turn);
  batch.works.reserve(chosen.size());
  for (const Ticket ticket : chosen) batch.cost += items_.find(ticket)->second.work->weighed;
  batch.predicted = queue.service.Predict(batch.cost);
  batch.class_pays = order_.Serve(*turn, batch.predicted);
  for (const Ticket ticket : chosen) {
    std::unique_ptr<Work> work = Serve(items_.find(ticket));
    work->taken = now;
    NoteWait(*work);
    batch.raw_cost += work->cost;
    batch.size = batch.works.empty() || batch.size == work->size ? work->size : -1;
    batch.charges.push_back({work->principal, work->weighed});
    batch.works.push_back(std::move(work));
    workers_[worker].items.push_back(ticket);
  }
  batch.items = batch.works.size();
  workers_[worker].predicted = batch.predicted;
  queue.stats.running += batch.items;
  queue.stats.taken += batch.items;
  ++queue.stats.batches;
  ++queue.stats.batch_sizes[std::min<size_t>(kBatchSizes - 1, std::bit_width(batch.items - 1))];
  --idle_;
  return batch;
}

void SchedulerCore::NoteWait(const Work& work) {
  if (work.predicted_wait < kWaitThatTeaches) return;
  waits_.Add(std::chrono::duration<double>(work.taken - work.offered) / work.predicted_wait);
}

// A worker is free: refused work whose turn would have come by now would start.
void SchedulerCore::JudgeGhosts(std::optional<WorkClass> turn, TimePoint now) {
  for (size_t i = 0; i < kWorkClasses; ++i) {
    const auto work_class = static_cast<WorkClass>(i);
    if (turn && work_class > *turn) break;
    const auto& turns = order_[work_class].turns();
    if (!turns.empty() && work_class != turn) continue;
    const Shadow::Judged judged = turns.empty() ? shadows_[i].Idle(now) : shadows_[i].Turn(turns.begin()->used, now);
    sheds_.followed += judged.followed;
    sheds_.wrong += judged.wrong;
  }
}

// Whose turn it is, and what may share the batch with it.
std::vector<Ticket> SchedulerCore::Choose(const Queue& queue, WorkClass work_class) const {
  const FairOrder& order = order_[work_class];
  std::vector<Ticket> chosen = {order.turns().begin()->share->waiting.begin()->ticket};
  if (const size_t limit = BatchLimit(queue); limit > 1) Gather(queue, order, limit, chosen);
  return chosen;
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
    principals_.Add(charge.principal, std::chrono::duration_cast<Duration>(busy * part));
    order_[batch.work_class].Correct(charge.principal,
                                     std::chrono::duration_cast<Duration>((busy - batch.predicted) * part));
  }
  order_.Done(batch.work_class, batch.class_pays, batch.predicted, busy);
  if (it == queues_.end()) return;
  Queue& queue = *it->second;
  if (!cut_short) {
    queue.service.Add(batch.cost, busy);
    if (batch.size >= 0) queue.service.AddOfSize(batch.raw_cost, static_cast<uint8_t>(batch.size), busy);
  }
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
  while (!latest_.empty() && latest_.begin()->first <= now) {
    const auto it = items_.find(latest_.begin()->second);
    ++it->second.queue->stats.expired;
    dropped.push_back(
        {Extract(it), Error(Reason::DEADLINE_EXCEEDED, "waited until its deadline could not be met any more")});
  }
  return dropped;
}

TimePoint SchedulerCore::NextWake() const { return latest_.empty() ? kNever : latest_.begin()->first; }

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
  order_[item.work->work_class].Remove(*item.share, item.urgency, item.queue, item.work->weighed);
  return Forget(it);
}

// Extract() of what runs now.
std::unique_ptr<Work> SchedulerCore::Serve(Items::iterator it) {
  const Item& item = it->second;
  const double cost = item.work->weighed;
  order_[item.work->work_class].Serve(*item.share, item.urgency, item.queue, cost, item.queue->service.Predict(cost));
  return Forget(it);
}

// All but its place in the order.
std::unique_ptr<Work> SchedulerCore::Forget(Items::iterator it) {
  std::unique_ptr<Work> work = std::move(it->second.work);
  Queue& queue = *it->second.queue;
  queued_ -= it->second.predicted;
  latest_.erase({it->second.latest, it->first});
  items_.erase(it);
  queue.waiting_cost[static_cast<size_t>(work->work_class)] -= work->weighed;
  if (--queue.waiting == 0) queue.waiting_cost = {};
  return work;
}

// --- what it looks like ---

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
