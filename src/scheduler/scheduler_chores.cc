#include <optional>
#include <utility>

#include "scheduler/scheduler.h"

namespace sluice {

// A waiting chore leaves the queue at once when its owner's stop is requested.
struct Scheduler::Chore final : Work {
  struct Drop {
    Scheduler& scheduler;
    const Chore& chore;
    void operator()() const { scheduler.DropChore(chore); }
  };
  void Dropped(absl::Status) override {}

  Task task;
  std::stop_token stop;
  Ticket ticket = 0;                             // guarded by the scheduler's mutex
  std::optional<std::stop_callback<Drop>> drop;  // last: goes first, and waits while it runs
};

namespace {

template <typename Chore>
class ChoreRunner final : public WorkRunner {
 public:
  void Run(int, std::span<std::unique_ptr<Work>> batch, const std::stop_token&) override {
    for (auto& work : batch) {
      auto& chore = static_cast<Chore&>(*work);
      if (!chore.stop.stop_requested()) chore.task();
    }
  }
};

}  // namespace

// A chore is the first half of a call, or the last: it goes before its principal's other work that came after it.
QueueId Scheduler::AddChoreQueue(size_t max_items) {
  return AddQueue({.name = "chores", .max_items = max_items, .patience = Duration::zero(), .judges_time = false},
                  std::make_shared<ChoreRunner<Chore>>());
}

void Scheduler::WorkerChores::Post(const ChoreOwner& owner, Task chore) {
  scheduler_.AddChore(scheduler_.other_chores_, owner, chore);
}

bool Scheduler::WorkerChores::TryPost(const ChoreOwner& owner, Task& chore) {
  return scheduler_.AddChore(scheduler_.bounded_chores_, owner, chore);
}

void Scheduler::DropChore(const Chore& chore) {
  std::unique_ptr<Work> dropped;  // destroyed without the lock
  std::lock_guard lock(mutex_);
  dropped = core_.Cancel(chore.ticket);
}

bool Scheduler::AddChore(QueueId queue, const ChoreOwner& owner, Task& task) {
  auto made = std::make_unique<Chore>();
  Chore& chore = *made;
  chore.principal = owner.principal;
  chore.work_class = owner.work_class;
  chore.stop = owner.stop;
  chore.drop.emplace(owner.stop, Chore::Drop{*this, chore});
  std::unique_ptr<Work> work = std::move(made);
  Worker* woken = nullptr;
  {
    std::lock_guard lock(mutex_);
    const auto ticket = core_.Offer(queue, std::move(work), clock_.Now());
    if (!ticket.ok()) return false;
    chore.ticket = *ticket;
    chore.task = std::move(task);
    woken = NextSleeper();
  }
  if (woken != nullptr) woken->wake.notify_one();
  return true;
}

}  // namespace sluice
