// What the scheduler lets in: work that has room, and that will be in time as far as can be told. The time that work
// takes is known from what ran before (service_time.h), and what goes before it from the order it waits in; so a
// prediction needs no probing, and is as good at the start of an overload as later.
#include <algorithm>
#include <utility>

#include "base/crowding.h"
#include "base/short_deadline.h"
#include "base/strings.h"
#include "scheduler/core.h"

namespace sluice {
namespace {

// Bounds of the retry-after of a refusal.
constexpr absl::Duration kRetryMin = absl::Milliseconds(50);
constexpr absl::Duration kRetryMax = absl::Seconds(30);
constexpr absl::Duration kRetryUnmeasured = absl::Seconds(1);

// A principal may fill a queue as long as it holds at most this many times what is still free: alone ¾ of the queue, so
// that there is room for newcomers, and each has the less the more share it.
constexpr size_t kOwnPerFree = 3;

// How far a prediction looks one by one; what comes after that counts as a whole.
constexpr size_t kPredictItems = 256;
constexpr size_t kPredictPrincipals = 64;

// However wrong predictions were.
constexpr double kWaitFactorMax = 2;

int64_t WholeMs(Duration time) { return static_cast<int64_t>(ToMs(time)); }

// An offer that long ago says nothing of the next one.
constexpr Duration kOfferMemory = std::chrono::seconds(1);

std::string Late(Duration needed, Duration left) {
  return StrCat("needs about ", WholeMs(needed), " ms with the current queue, but has ", WholeMs(left),
                " ms; retry later or allow more time");
}

}  // namespace

absl::Status SchedulerCore::CheckRoom(Queue& queue, Work& work, TimePoint now) {
  NoteOffer(queue, work, now);
  absl::Status status = CheckCount(queue, work, now);
  if (status.ok()) status = CheckTime(queue, work, now);
  if (!status.ok()) ++queue.stats.refused;
  return status;
}

absl::Status SchedulerCore::CheckCount(const Queue& queue, const Work& work, TimePoint now) {
  if (work.deadline <= now) return Error(Reason::DEADLINE_EXCEEDED, "the deadline passed before the work was queued");
  const size_t free = queue.options.max_items - std::min(queue.waiting, queue.options.max_items);
  if (free == 0) {
    return Shed(NewcomerOf(queue, work), ShedRule::kQueueFull, Reason::OVERLOADED,
                StrCat("the queue of ", queue.options.max_items, " is full; retry later"), now);
  }
  const FairOrder::Share* share = order_[work.work_class].Find(work.principal);
  if (share == nullptr || share->ItemsIn(&queue) / kOwnPerFree < free) return absl::OkStatus();
  return Shed(
      NewcomerOf(queue, work), ShedRule::kShare, Reason::OVERLOADED,
      StrCat("this client's share of the queue of ", queue.options.max_items, " is full; send fewer calls at a time"),
      now);
}

absl::Status SchedulerCore::CheckTime(const Queue& queue, Work& work, TimePoint now) {
  work.predicted_wait = {};
  if (!queue.options.judges_time || !queue.service.measured()) return absl::OkStatus();
  // The only item of its queue is let in whatever the prediction says: its run corrects a prediction gone wrong.
  if (queue.waiting == 0 && queue.stats.running == 0) return absl::OkStatus();
  const Newcomer newcomer = NewcomerOf(queue, work);
  work.predicted_wait = PredictedWait(newcomer, now);
  const Duration wait = AtMost(work.predicted_wait);
  const Duration run = queue.service.Predict(work.weighed);
  // At once it is tried even if it may turn out late: nobody waits for it.
  const Duration needed = wait + (wait > Duration::zero() ? queue.service.P99(work.weighed) : run);
  const Duration left = work.deadline - now;
  if (needed > left) {
    // What would be in time on an idle server is refused for the queue's sake: elsewhere or later it may succeed.
    if (run <= left) Follow(newcomer, now + left - run, run, now);
    absl::Status late = Shed(newcomer, ShedRule::kDeadline,
                             run <= left ? Reason::OVERLOADED : Reason::DEADLINE_EXCEEDED, Late(needed, left), now);
    if (IsShortDeadline(left, queue.options.slo)) MarkShortDeadline(late);
    return late;
  }
  const Duration slo = queue.options.slo;
  if (slo == Duration::zero() || work.work_class != WorkClass::kLive) return absl::OkStatus();
  // A model that cannot be so fast at all: then at least nobody waits for longer than that.
  const bool too_slow = queue.service.P99(work.weighed) > slo;
  if ((too_slow ? wait : needed) <= slo) return absl::OkStatus();
  Follow(newcomer, now + slo - (too_slow ? Duration::zero() : run), run, now);
  return Shed(
      newcomer, ShedRule::kSlo, Reason::OVERLOADED,
      StrCat("needs about ", WholeMs(needed), " ms with the current queue, but this model's live work is done in ",
             WholeMs(slo), " ms or refused; retry later, or lower its class (x-sluice-class: batch)"),
      now);
}

absl::Status SchedulerCore::Judge(const Newcomer& newcomer, TimePoint now) {
  rivals_[static_cast<size_t>(newcomer.work_class)].Note(newcomer.principal, now);
  if (newcomer.deadline <= now) return absl::OkStatus();  // whoever watches the deadline says so
  const Duration left = newcomer.deadline - now, predicted = PredictedWait(newcomer, now);
  if (predicted == Duration::zero()) return absl::OkStatus();
  const auto [run, slo] = LeastOf(newcomer.work_class, now);
  const Duration needed = AtMost(predicted) + run;
  if (needed <= left) return absl::OkStatus();
  Follow(newcomer, newcomer.deadline - run, run, now);
  absl::Status late = Shed(newcomer, ShedRule::kEarly, Reason::OVERLOADED, Late(needed, left), now);
  if (IsShortDeadline(left, slo)) MarkShortDeadline(late);
  return late;
}

// Most of what comes is its own, and others came lately.
bool SchedulerCore::Crowds(const Newcomer& newcomer, TimePoint now) const {
  const Rivals& rivals = rivals_[static_cast<size_t>(newcomer.work_class)];
  return rivals.Most(newcomer.principal) && rivals.Has(newcomer.principal, now - kOfferMemory);
}

SchedulerCore::Lately SchedulerCore::LeastOf(WorkClass work_class, TimePoint now) const {
  Lately least{.run = Duration::max(), .slo = Duration::max()};
  for (const auto& [id, queue] : queues_) {
    const auto& item = queue->cheapest[static_cast<size_t>(work_class)];
    if (now - item.offered >= kOfferMemory) continue;
    least.slo = std::min(least.slo, queue->options.slo);
    if (!queue->options.judges_time) continue;
    least.run = std::min(least.run, queue->service.P99(queue->service.Weigh(item.cost, item.size)));
  }
  const auto or_zero = [](Duration found) { return found == Duration::max() ? Duration::zero() : found; };
  return {.run = or_zero(least.run), .slo = or_zero(least.slo)};
}

void SchedulerCore::NoteOffer(Queue& queue, const Work& work, TimePoint now) {
  rivals_[static_cast<size_t>(work.work_class)].Note(work.principal, now);
  auto& item = queue.cheapest[static_cast<size_t>(work.work_class)];
  const bool old = now - item.offered >= kOfferMemory;
  if (old || work.weighed <= queue.service.Weigh(item.cost, item.size)) item = {now, work.cost, work.size};
}

Newcomer SchedulerCore::NewcomerOf(const Queue& queue, const Work& work) {
  return {
      .queue = queue.stats.id, .work_class = work.work_class, .principal = work.principal, .deadline = work.deadline};
}

absl::Status SchedulerCore::Shed(const Newcomer& newcomer, ShedRule rule, Reason reason, std::string_view what,
                                 TimePoint now) {
  sheds_.Count(newcomer.work_class, rule);
  order_[newcomer.work_class].Charge(newcomer.principal, kRefusalCost);
  absl::Status status = Error(reason, what);
  SetRetryAfter(status, RetryAfter(newcomer, now));
  if (Crowds(newcomer, now)) SetCrowding(status);
  return status;
}

void SchedulerCore::Follow(const Newcomer& newcomer, TimePoint latest, Duration run, TimePoint now) {
  const Duration clock = order_[newcomer.work_class].ClockOf(newcomer.principal, OwnBefore(newcomer, now));
  shadows_[static_cast<size_t>(newcomer.work_class)].Add(clock, latest, run / static_cast<int64_t>(workers_.size()));
}

absl::Duration SchedulerCore::RetryAfter(const Newcomer& newcomer, TimePoint now) const {
  const auto queue = queues_.find(newcomer.queue);
  if (queue != queues_.end() && !queue->second->service.measured()) return kRetryUnmeasured;
  Newcomer patient = newcomer;
  patient.deadline = kNever;
  return std::clamp(absl::FromChrono(PredictedWait(patient, now)), kRetryMin, kRetryMax);
}

// --- predictions ---

// Ninety-nine in a hundred wait no longer than that.
Duration SchedulerCore::AtMost(Duration predicted_wait) const {
  return std::chrono::duration_cast<Duration>(predicted_wait * std::min(waits_.bound(), kWaitFactorMax));
}

Duration SchedulerCore::RunningLeft(TimePoint now) const {
  Duration left{};
  for (const Running& worker : workers_) {
    if (worker.busy) left += std::max(Duration::zero(), worker.started + worker.predicted - now);
  }
  return left;
}

// What waits in the first `classes` classes.
Duration SchedulerCore::WaitingTime(size_t classes) const {
  Duration time{};
  if (classes == 0) return time;
  for (const auto& [id, queue] : queues_) {
    for (size_t i = 0; i < classes; ++i) time += queue->service.Predict(queue->waiting_cost[i]);
  }
  return time;
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
    time -= item.queue->service.Predict(item.work->weighed);
  }
  return std::max(Duration::zero(), time);
}

Duration SchedulerCore::OwnBefore(const Newcomer& newcomer, TimePoint now) const {
  const FairOrder::Share* share = order_[newcomer.work_class].Find(newcomer.principal);
  if (share == nullptr) return Duration::zero();
  const auto queue = queues_.find(newcomer.queue);
  const Duration patience = queue == queues_.end() ? QueueOptions().patience : queue->second->options.patience;
  return OwnBefore(*share, UrgencyOf(patience, newcomer.deadline, 0, last_ticket_ + 1, now));
}

// The others of its class go first until their clocks show `clock`, or they have nothing left.
Duration SchedulerCore::OthersBefore(const Newcomer& newcomer, Duration clock) const {
  const FairOrder& order = order_[newcomer.work_class];
  Duration time{}, seen{};
  int64_t unseen = order.turns_weight();
  size_t looks = 0;
  for (const FairOrder::Turn& turn : order.turns()) {
    if (turn.used >= clock) break;
    if (++looks > kPredictPrincipals) {
      const auto index = static_cast<size_t>(newcomer.work_class);
      const Duration all = WaitingTime(index + 1) - WaitingTime(index);
      return time + std::min(std::max(Duration::zero(), all - seen), unseen * (clock - turn.used));
    }
    const Duration has = TimeOf(*turn.share);
    seen += has;
    unseen -= turn.share->weight;
    if (turn.share->principal == newcomer.principal) continue;
    time += std::min(has, static_cast<int64_t>(turn.share->weight) * (clock - turn.used));
  }
  return time;
}

// Higher classes go first; and what comes in them later does, too: so lower ones count on the part of the workers that
// they got lately.
Duration SchedulerCore::PredictedWait(const Newcomer& newcomer, TimePoint now) const {
  if (WorkerIsFree()) return Duration::zero();
  const Duration own = OwnBefore(newcomer, now);
  const Duration same = own + OthersBefore(newcomer, order_[newcomer.work_class].ClockOf(newcomer.principal, own));
  const Duration ahead = std::max(WaitingTime(static_cast<size_t>(newcomer.work_class)) + same,
                                  std::chrono::duration_cast<Duration>(same / order_.PartOf(newcomer.work_class)));
  return (RunningLeft(now) + ahead) / static_cast<int64_t>(workers_.size());
}

Duration SchedulerCore::PredictedRun(QueueId id, double cost, uint8_t size) const {
  const auto queue = queues_.find(id);
  if (queue == queues_.end()) return Duration::zero();
  return queue->second->service.Predict(queue->second->service.Weigh(cost, size));
}

Duration SchedulerCore::Backlog(TimePoint now) const {
  if (WorkerIsFree()) return Duration::zero();
  return (RunningLeft(now) + WaitingTime(kWorkClasses)) / static_cast<int64_t>(workers_.size());
}

}  // namespace sluice
