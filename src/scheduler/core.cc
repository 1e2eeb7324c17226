#include "scheduler/core.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

// Bounds of the retry-after of a refusal.
constexpr absl::Duration kRetryMin = absl::Milliseconds(50);
constexpr absl::Duration kRetryMax = absl::Seconds(30);
constexpr absl::Duration kRetryUnmeasured = absl::Seconds(1);

// How far a batch looks past items of other groups.
constexpr size_t kGroupScanMax = 64;

}  // namespace

bool SchedulerCore::Order::operator<(const Order& other) const {
  return std::tuple(deadline, -static_cast<int64_t>(priority), ticket) <
         std::tuple(other.deadline, -static_cast<int64_t>(other.priority), other.ticket);
}

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

absl::StatusOr<Ticket> SchedulerCore::Offer(QueueId id, std::unique_ptr<Work>&& work, TimePoint now) {
  if (shut_down_) return Error(Reason::SHUTTING_DOWN, "the server is shutting down");
  const auto found = queues_.find(id);
  if (found == queues_.end()) return Error(Reason::MODEL_UNAVAILABLE, "the model was unloaded; try again");
  Queue& queue = *found->second;
  if (absl::Status admitted = Admit(queue, *work, now); !admitted.ok()) {
    ++queue.stats.refused;
    return admitted;
  }
  work->offered = now;
  work->deadline = std::min(work->deadline, now + kLongestWait);
  work->cost = std::max(1e-6, work->cost);
  const Ticket ticket = ++last_ticket_;
  Insert(ticket, queue, std::move(work));
  ++queue.stats.offered;
  return ticket;
}

absl::Status SchedulerCore::Admit(const Queue& queue, const Work& work, TimePoint now) const {
  if (work.deadline <= now) return Error(Reason::DEADLINE_EXCEEDED, "the deadline passed before the work was queued");
  if (queue.waiting.size() >= queue.options.max_items) return Overloaded(queue, now);
  // The only item of its queue is let in whatever the prediction says: its run corrects a prediction gone wrong.
  if (!queue.service.measured() || (queue.waiting.empty() && queue.stats.running == 0)) return absl::OkStatus();
  const Duration run = queue.service.Predict(work.cost);
  const Duration needed = PredictedWait(work.deadline, now) + run;
  const Duration left = work.deadline - now;
  if (needed <= left) return absl::OkStatus();
  // What would be in time on an idle server is refused for the queue's sake: elsewhere or later it may succeed.
  absl::Status late =
      Error(run <= left ? Reason::OVERLOADED : Reason::DEADLINE_EXCEEDED,
            StrCat("needs about ", static_cast<int64_t>(ToMs(needed)), " ms with the present queue, has ",
                   static_cast<int64_t>(ToMs(left)), " ms; try later or allow more time"));
  SetRetryAfter(late, RetryAfter(queue, now));
  return late;
}

absl::Status SchedulerCore::Overloaded(const Queue& queue, TimePoint now) const {
  absl::Status full =
      Error(Reason::OVERLOADED, StrCat("the model's queue of ", queue.options.max_items, " is full; try later"));
  SetRetryAfter(full, RetryAfter(queue, now));
  return full;
}

absl::Duration SchedulerCore::RetryAfter(const Queue& queue, TimePoint now) const {
  if (!queue.service.measured()) return kRetryUnmeasured;
  return std::clamp(absl::FromChrono(PredictedWait(kNever, now)), kRetryMin, kRetryMax);
}

Batch SchedulerCore::Take(int worker, TimePoint now) {
  Batch batch;
  if (heads_.empty()) return batch;
  Queue& queue = *heads_.begin()->second;
  batch.queue = queue.stats.id;
  batch.worker = worker;
  batch.started = now;
  const std::vector<Ticket> chosen = Choose(queue);
  batch.works.reserve(chosen.size());
  for (const Ticket ticket : chosen) {
    std::unique_ptr<Work> work = Extract(items_.find(ticket));
    work->taken = now;
    batch.cost += work->cost;
    batch.works.push_back(std::move(work));
  }
  batch.items = batch.works.size();
  batch.predicted = queue.service.Predict(batch.cost);
  queue.stats.running += batch.items;
  queue.stats.taken += batch.items;
  ++queue.stats.batches;
  workers_[worker] = {now, batch.predicted, true};
  --idle_;
  return batch;
}

// The head, then what may share its batch, in order of urgency.
std::vector<Ticket> SchedulerCore::Choose(const Queue& queue) const {
  std::vector<Ticket> chosen;
  const size_t limit = BatchLimit(queue);
  const uint64_t group = items_.find(queue.waiting.begin()->ticket)->second.work->group;
  double cost = 0;
  size_t skipped = 0;
  for (auto it = queue.waiting.begin(); it != queue.waiting.end() && chosen.size() < limit && skipped < kGroupScanMax;
       ++it) {
    const Work& work = *items_.find(it->ticket)->second.work;
    if (work.group != group) {
      ++skipped;
      continue;
    }
    cost += work.cost;
    if (!chosen.empty() && queue.service.Predict(cost) > queue.options.batch_time_max) break;
    chosen.push_back(it->ticket);
  }
  return chosen;
}

// max_batch, or less so that workers which idle get their share.
size_t SchedulerCore::BatchLimit(const Queue& queue) const {
  const size_t takers = static_cast<size_t>(std::max(1, idle_));
  return std::min(queue.options.max_batch, (queue.waiting.size() + takers - 1) / takers);
}

void SchedulerCore::Done(const Batch& batch, Duration busy) {
  workers_[batch.worker] = {};
  ++idle_;
  const auto it = queues_.find(batch.queue);
  if (it == queues_.end()) return;
  Queue& queue = *it->second;
  queue.service.Add(batch.cost, busy);
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

DropList SchedulerCore::Expire(TimePoint now) {
  DropList dropped;
  while (!heads_.empty() && heads_.begin()->first.deadline <= now) {
    const auto& [order, queue] = *heads_.begin();
    ++queue->stats.expired;
    dropped.push_back(
        {Extract(items_.find(order.ticket)), Error(Reason::DEADLINE_EXCEEDED, "the deadline passed in the queue")});
  }
  return dropped;
}

TimePoint SchedulerCore::NextWake() const { return heads_.empty() ? kNever : heads_.begin()->first.deadline; }

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
  DropList dropped;
  while (!queue.waiting.empty()) dropped.push_back({Extract(items_.find(queue.waiting.begin()->ticket)), why});
  queue.stats.dropped += dropped.size();
  return dropped;
}

void SchedulerCore::Insert(Ticket ticket, Queue& queue, std::unique_ptr<Work> work) {
  const Order order{work->deadline, work->priority, ticket};
  if (!queue.waiting.empty()) heads_.erase({*queue.waiting.begin(), &queue});
  queue.waiting.insert(order);
  heads_.insert({*queue.waiting.begin(), &queue});
  queue.waiting_cost += work->cost;
  items_.emplace(ticket, Item{std::move(work), &queue, order});
}

std::unique_ptr<Work> SchedulerCore::Extract(absl::flat_hash_map<Ticket, Item>::iterator it) {
  Item item = std::move(it->second);
  items_.erase(it);
  Queue& queue = *item.queue;
  heads_.erase({*queue.waiting.begin(), &queue});
  queue.waiting.erase(item.order);
  if (!queue.waiting.empty()) heads_.insert({*queue.waiting.begin(), &queue});
  queue.waiting_cost = queue.waiting.empty() ? 0 : queue.waiting_cost - item.work->cost;
  return std::move(item.work);
}

Duration SchedulerCore::PredictedWait(TimePoint deadline, TimePoint now) const {
  if (idle_ > 0 && items_.size() < static_cast<size_t>(idle_)) return Duration::zero();
  Duration ahead{};
  for (const Running& worker : workers_) {
    if (worker.busy) ahead += std::max(Duration::zero(), worker.started + worker.predicted - now);
  }
  for (const auto& [order, queue] : heads_) {
    if (deadline < order.deadline) break;  // heads_ is in order: all others are later still
    ahead += queue->service.Predict(CostBefore(*queue, deadline));
  }
  return ahead / static_cast<int64_t>(workers_.size());
}

double SchedulerCore::CostBefore(const Queue& queue, TimePoint deadline) const {
  if (queue.waiting.rbegin()->deadline <= deadline)
    return queue.waiting_cost;  // the usual case: deadlines come in order
  double cost = 0;
  for (const Order& order : queue.waiting) {
    if (deadline < order.deadline) break;
    cost += items_.find(order.ticket)->second.work->cost;
  }
  return cost;
}

Duration SchedulerCore::PredictedTime(QueueId id, double cost, TimePoint deadline, TimePoint now) const {
  const auto it = queues_.find(id);
  const Duration service = it == queues_.end() ? Duration::zero() : it->second->service.Predict(cost);
  return PredictedWait(deadline, now) + service;
}

std::vector<QueueStats> SchedulerCore::Stats(TimePoint now) const {
  std::vector<QueueStats> all;
  const Duration wait = PredictedWait(kNever, now);
  for (const auto& [id, queue] : queues_) {
    QueueStats stats = queue->stats;
    stats.depth = queue->waiting.size();
    stats.predicted_wait = wait;
    stats.service_time = queue->service.Predict(1);
    all.push_back(std::move(stats));
  }
  return all;
}

}  // namespace sluice
