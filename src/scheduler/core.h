// The scheduler's decisions, without threads and without a clock: what to admit, what to run next, what to drop.
//
//   Offer ─► queued ─► Take ─► running ─► Done          Every item leaves exactly once: by Done, or in the list that
//              └─► Cancel, Expire,                     Cancel, Expire, RemoveQueue or Shutdown return, or refused
//                  RemoveQueue, Shutdown               by Offer.
//
// Whose turn it is: ClassOrder, then FairOrder. Within one principal: earliest deadline, then priority, then arrival;
// but a deadline lets an item overtake only what came up to QueueOptions::patience before it, so that nothing starves.
// What is let in: work that will be in time, as predicted (core_admit.cc). Not thread-safe: Scheduler holds a mutex
// around it, tests drive it in simulated time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/load_probe.h"
#include "scheduler/class_order.h"
#include "scheduler/fair_order.h"
#include "scheduler/queue.h"
#include "scheduler/rivals.h"
#include "scheduler/service_time.h"
#include "scheduler/shadow.h"
#include "scheduler/shed.h"
#include "scheduler/top_principals.h"
#include "scheduler/work.h"

namespace sluice {

// Work that came now.
struct Newcomer {
  QueueId queue = 0;  // 0: not known yet
  WorkClass work_class = WorkClass::kLive;
  Principal principal = kOwnWork;
  TimePoint deadline = kNever;
};

// A dropped item and why. The caller tells it, outside any lock.
struct Dropped {
  std::unique_ptr<Work> work;
  absl::Status why;
};
using DropList = std::vector<Dropped>;

struct Batch {
  QueueId queue = 0;  // 0: nothing to do
  int worker = -1;
  TimePoint started{};
  double cost = 0;
  size_t items = 0;
  Duration predicted{};
  std::vector<std::unique_ptr<Work>> works;
  struct Charge {
    Principal principal;
    double cost;
  };
  absl::InlinedVector<Charge, 1> charges;  // who pays, by item
  WorkClass work_class = WorkClass::kLive;
  bool class_pays = false;  // it goes before a higher class
  double raw_cost = 0;      // before it was weighed by size
  int size = -1;            // of all its items; -1: of several
  explicit operator bool() const { return queue != 0; }
};

class SchedulerCore {
 public:
  // What a deadline further away, or kNever, is cut to: so that nothing starves.
  static constexpr Duration kLongestWait = std::chrono::hours(1);
  // What a refusal costs the machine, at most (docs/resilience.md): its principal pays for it out of its share, so that
  // a flood is at its own expense.
  static constexpr Duration kRefusalCost = std::chrono::microseconds(50);

  // `workers` > 0.
  explicit SchedulerCore(int workers, Weights weights = {});
  ~SchedulerCore();

  QueueId AddQueue(QueueOptions options);
  // Returns what was waiting, as MODEL_UNAVAILABLE. Running batches finish; Done() accepts them.
  DropList RemoveQueue(QueueId id);

  // Takes `work` only when it returns a ticket. Refusals: OVERLOADED (the queue, or the principal's part of it, is
  // full, or the deadline or the queue's slo cannot be met with what goes before it; with a retry-after),
  // DEADLINE_EXCEEDED (it passed, or could not be met on an idle server either), MODEL_UNAVAILABLE (no such queue),
  // SHUTTING_DOWN.
  absl::StatusOr<Ticket> Offer(QueueId id, std::unique_ptr<Work>&& work, TimePoint now);

  // Not OK: this newcomer, of which no more is known, would not be done by its deadline even if it were as cheap as
  // what its class was offered lately (OVERLOADED, with a retry-after).
  absl::Status Judge(const Newcomer& newcomer, TimePoint now);

  // The next batch for a free worker, or an empty one. Never holds an item whose deadline passed: call Expire first.
  Batch Take(int worker, TimePoint now);
  // The worker is free again. `busy` is what the batch took; the principals are charged for it.
  void Done(const Batch& batch, Duration busy);

  // The waiting item, taken out; null when it runs, ended, or never was.
  std::unique_ptr<Work> Cancel(Ticket ticket);
  // Nobody waits for this running item any more. The worker, when that is so for all items of its batch now; else -1.
  int Stop(Ticket ticket);

  // Items that cannot be done by their deadline any more.
  DropList Expire(TimePoint now);
  // When Expire has something to do next; kNever when nothing waits.
  TimePoint NextWake() const;

  // Everything that waits, as SHUTTING_DOWN; later offers are refused.
  DropList Shutdown();

  // Time until it would start: what runs, and what would go before it, over all workers. Of other principals that is no
  // more than what they may use until its turn.
  Duration PredictedWait(const Newcomer& newcomer, TimePoint now) const;
  // How long one item of that cost and size runs; 0 while unknown.
  Duration PredictedRun(QueueId id, double cost, uint8_t size) const;
  // Until everything that waits now has started.
  Duration Backlog(TimePoint now) const;
  // About the same, at once: as predicted when it came, and without what runs.
  Duration Queued() const { return queued_ / static_cast<int64_t>(workers_.size()); }

  size_t waiting() const { return items_.size(); }
  size_t WaitingIn(QueueId id) const;
  // Workers without those that waiting work is for.
  size_t idle_workers() const {
    const auto idle = static_cast<size_t>(std::max(0, idle_));
    return idle - std::min(idle, items_.size());
  }
  const ShedCounts& sheds() const { return sheds_; }
  std::vector<QueueStats> Stats(TimePoint now) const;
  // Who used the workers since the last time that somebody asked.
  PrincipalTimes TakePrincipals() { return std::exchange(principals_, {}); }

 private:
  struct Queue {
    QueueOptions options;
    size_t waiting = 0;
    std::array<double, kWorkClasses> waiting_cost{};
    // The cheapest item that was offered lately, taken or not.
    struct Cheapest {
      TimePoint offered{};
      double cost = 0;
      uint8_t size = 0;
    };
    std::array<Cheapest, kWorkClasses> cheapest{};
    ServiceTime service;
    QueueStats stats;
  };
  struct Item {
    std::unique_ptr<Work> work;
    Queue* queue;
    FairOrder::Share* share;
    Urgency urgency;
    Duration predicted;  // when it came
    TimePoint latest;    // when it must have started
  };
  using Items = absl::flat_hash_map<Ticket, Item>;
  struct Running {
    TimePoint started{};
    Duration predicted{};
    bool busy = false;
    absl::InlinedVector<Ticket, 1> items = {};  // that somebody waits for
  };

  static Urgency UrgencyOf(Duration patience, TimePoint deadline, int priority, Ticket ticket, TimePoint now);
  // --- core_admit.cc ---
  absl::Status CheckRoom(Queue& queue, Work& work, TimePoint now);
  absl::Status CheckCount(const Queue& queue, const Work& work, TimePoint now);
  absl::Status CheckTime(const Queue& queue, Work& work, TimePoint now);
  static Newcomer NewcomerOf(const Queue& queue, const Work& work);
  void NoteOffer(Queue& queue, const Work& work, TimePoint now);
  bool Crowds(const Newcomer& newcomer, TimePoint now) const;
  // The cheapest run (its P99) and the shortest slo of what the class was offered lately; an slo of zero when one of it has none.
  struct Lately {
    Duration run{}, slo{};
  };
  Lately LeastOf(WorkClass work_class, TimePoint now) const;
  absl::Status Shed(const Newcomer& newcomer, ShedRule rule, Reason reason, std::string_view what, TimePoint now);
  // Whether it was right to refuse it will be known when its turn would have come.
  void Follow(const Newcomer& newcomer, TimePoint latest, Duration run, TimePoint now);
  absl::Duration RetryAfter(const Newcomer& newcomer, TimePoint now) const;
  bool WorkerIsFree() const { return idle_ > 0 && items_.size() < static_cast<size_t>(idle_); }
  Duration AtMost(Duration predicted_wait) const;
  Duration RunningLeft(TimePoint now) const;
  Duration WaitingTime(size_t classes) const;
  Duration TimeOf(const FairOrder::Share& share) const;
  Duration OwnBefore(const FairOrder::Share& share, const Urgency& urgency) const;
  Duration OwnBefore(const Newcomer& newcomer, TimePoint now) const;
  Duration OthersBefore(const Newcomer& newcomer, Duration clock) const;
  // --- core_batch.cc ---
  void Gather(const Queue& queue, const FairOrder& order, size_t limit, std::vector<Ticket>& chosen) const;
  // --- core.cc ---
  std::vector<Ticket> Choose(const Queue& queue, WorkClass work_class) const;
  void NoteWait(const Work& work);
  void JudgeGhosts(std::optional<WorkClass> turn, TimePoint now);
  void Insert(Ticket ticket, Queue& queue, std::unique_ptr<Work> work);
  std::unique_ptr<Work> Extract(Items::iterator it);
  std::unique_ptr<Work> Serve(Items::iterator it);
  std::unique_ptr<Work> Forget(Items::iterator it);
  DropList DropAll(Queue& queue, const absl::Status& why);
  size_t BatchLimit(const Queue& queue) const;

  std::map<QueueId, std::unique_ptr<Queue>> queues_;
  Items items_;                                    // everything that waits
  const Weights weights_;
  ClassOrder order_;                               // of the same
  std::set<std::pair<TimePoint, Ticket>> latest_;  // of the same
  std::vector<Running> workers_;
  int idle_;
  Duration queued_{};
  Ticket last_ticket_ = 0;
  QueueId last_queue_ = 0;
  bool shut_down_ = false;
  ShedCounts sheds_;
  PrincipalTimes principals_;
  Ratios waits_{100, 1};  // actual ÷ predicted
  std::array<Shadow, kWorkClasses> shadows_;
  std::array<Rivals, kWorkClasses> rivals_;
};

}  // namespace sluice
