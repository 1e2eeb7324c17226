#include "scheduler/scheduler.h"

#include <algorithm>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

// After work this short a worker gives its core away once before it waits: what the others bring meanwhile needs no
// wake-up, which would cost more than the work.
constexpr Duration kShortWork = std::chrono::microseconds(50);

int WorkerCount(int wanted) {
  return wanted > 0 ? wanted : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace

Scheduler::Scheduler(const Options& options, const Clock& clock)
    : clock_(clock), options_(options), started_(clock.Now()), core_(WorkerCount(options.workers)) {
  workers_.resize(static_cast<size_t>(WorkerCount(options.workers)));
  for (auto& worker : workers_) worker = std::make_unique<Worker>();
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->thread =
        std::make_unique<Thread>(StrCat("worker ", i), options.nice, [this, i] { Loop(static_cast<int>(i)); });
  }
}

Scheduler::~Scheduler() { Shutdown(); }

QueueId Scheduler::AddQueue(QueueOptions options, std::shared_ptr<WorkRunner> runner) {
  std::lock_guard lock(mutex_);
  const QueueId id = core_.AddQueue(std::move(options));
  runners_.emplace(id, std::move(runner));
  return id;
}

void Scheduler::RemoveQueue(QueueId id) {
  DropList dropped;
  std::shared_ptr<WorkRunner> runner;  // may be the last: destroyed without the lock
  {
    std::lock_guard lock(mutex_);
    dropped = core_.RemoveQueue(id);
    if (const auto it = runners_.find(id); it != runners_.end()) {
      runner = std::move(it->second);
      runners_.erase(it);
    }
  }
  Tell(std::move(dropped));
}

absl::StatusOr<Ticket> Scheduler::Offer(QueueId queue, std::unique_ptr<Work>&& work) {
  DropList expired;
  absl::StatusOr<Ticket> ticket;
  Worker* woken = nullptr;
  {
    std::lock_guard lock(mutex_);
    const TimePoint now = clock_.Now();
    // What expired makes room, also while every worker is busy with long batches.
    expired = core_.Expire(now);
    ticket = core_.Offer(queue, std::move(work), now);
    if (ticket.ok()) woken = NextSleeper();
  }
  if (woken != nullptr) woken->wake.notify_one();
  Tell(std::move(expired));
  return ticket;
}

bool Scheduler::Cancel(Ticket ticket) {
  std::unique_ptr<Work> work;
  {
    std::lock_guard lock(mutex_);
    work = core_.Cancel(ticket);
  }
  if (work == nullptr) return false;
  work->Dropped(Error(Reason::CANCELLED, "cancelled"));
  return true;
}

// A waiting chore leaves the queue at once when its owner's stop is requested.
struct Scheduler::Chore {
  struct Drop {
    Scheduler& scheduler;
    Chore& chore;
    void operator()() const { scheduler.DropChore(chore); }
  };
  Task task;
  std::stop_token stop;
  std::optional<std::list<std::unique_ptr<Chore>>::iterator> place;  // while it waits
  std::optional<std::stop_callback<Drop>> drop;                      // last: goes first, and waits for its own run
};

void Scheduler::WorkerChores::Post(const ChoreOwner& owner, Task chore) { scheduler_.AddChore(owner, chore, SIZE_MAX); }

bool Scheduler::WorkerChores::TryPost(const ChoreOwner& owner, Task& chore) {
  return scheduler_.AddChore(owner, chore, scheduler_.options_.chores_max);
}

void Scheduler::DropChore(Chore& chore) {
  std::unique_ptr<Chore> dropped;  // destroyed without the lock
  std::lock_guard lock(mutex_);
  if (!chore.place) return;
  dropped = std::move(**chore.place);
  chores_.erase(*chore.place);
}

bool Scheduler::AddChore(const ChoreOwner& owner, Task& task, size_t waiting_max) {
  auto chore = std::make_unique<Chore>();
  chore->stop = owner.stop;
  chore->drop.emplace(owner.stop, Chore::Drop{*this, *chore});
  Worker* woken = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || chores_.size() >= waiting_max) return false;
    chore->task = std::move(task);
    Chore& added = *chore;
    added.place = chores_.insert(chores_.end(), std::move(chore));
    woken = NextSleeper();
  }
  if (woken != nullptr) woken->wake.notify_one();
  return true;
}

// The worker to notify, after the lock is released; null when none sleeps. It leaves the list here, not when it runs: so the
// next offer wakes another.
Scheduler::Worker* Scheduler::NextSleeper() {
  if (sleepers_.empty()) return nullptr;
  Worker* worker = workers_[static_cast<size_t>(sleepers_.back())].get();
  sleepers_.pop_back();
  worker->sleeping = false;
  return worker;
}

void Scheduler::Loop(int index) {
  Worker& self = *workers_[index];
  this_worker_ = &self;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (RunOne(index, lock)) continue;
    if (stopping_) break;
    self.sleeping = true;
    sleepers_.push_back(index);
    const bool work_was_short = self.last_busy < kShortWork;
    if (!self.outbox.empty() || work_was_short) {
      lock.unlock();
      Deliver(self);
      if (work_was_short) std::this_thread::yield();
      lock.lock();
    }
    self.wake.wait(lock, [&self] { return !self.sleeping; });
  }
  lock.unlock();
  Deliver(self);
}

thread_local Scheduler::Worker* Scheduler::this_worker_ = nullptr;

void Work::Deliver(Executor& to, Task result) {
  Scheduler::Worker* worker = Scheduler::this_worker_;
  if (worker == nullptr || worker->last != this) return to.Post(std::move(result));
  worker->outbox.push_back({&to, std::move(result)});
}

void Scheduler::Deliver(Worker& self) {
  for (Delivery& delivery : self.outbox) delivery.to->Post(std::move(delivery.result));
  self.outbox.clear();
}

// A chore, a batch, a chore …: neither can starve the other. False when there is neither.
bool Scheduler::RunOne(int index, std::unique_lock<std::mutex>& lock) {
  Worker& self = *workers_[index];
  const TimePoint now = clock_.Now();
  if (DropList expired = core_.Expire(now); !expired.empty()) {
    lock.unlock();
    Deliver(self);
    Tell(std::move(expired));
    lock.lock();
    return true;
  }
  if (!chores_.empty() && (!self.chore_last || core_.waiting() == 0)) {
    RunChore(self, now, lock);
    return true;
  }
  Batch batch = core_.Take(index, now);
  self.chore_last = false;
  if (!batch) return false;
  RunBatch(self, std::move(batch), lock);
  return true;
}

void Scheduler::RunChore(Worker& self, TimePoint now, std::unique_lock<std::mutex>& lock) {
  std::unique_ptr<Chore> chore = std::move(chores_.front());
  chores_.pop_front();
  chore->place.reset();
  self.chore_last = true;
  self.busy_since = now;
  lock.unlock();
  Deliver(self);
  if (!chore->stop.stop_requested()) chore->task();
  chore.reset();
  lock.lock();
  self.busy += clock_.Now() - now;
  self.busy_since = {};
}

void Scheduler::RunBatch(Worker& self, Batch batch, std::unique_lock<std::mutex>& lock) {
  // The shared pointer keeps the runner when its queue is removed meanwhile, even by an item of this very batch.
  std::shared_ptr<WorkRunner> runner = runners_.find(batch.queue)->second;
  self.busy_since = batch.started;
  lock.unlock();
  Deliver(self);
  self.last = batch.works.back().get();
  runner->Run(batch.worker, batch.works);
  self.last = nullptr;
  batch.works.clear();
  runner.reset();
  lock.lock();
  const Duration busy = clock_.Now() - batch.started;
  core_.Done(batch, busy);
  self.busy += busy;
  self.last_busy = busy;
  self.busy_since = {};
}

void Scheduler::Tell(DropList dropped) {
  for (Dropped& drop : dropped) drop.work->Dropped(std::move(drop.why));
}

std::vector<QueueStats> Scheduler::Queues() const {
  std::lock_guard lock(mutex_);
  return core_.Stats(clock_.Now());
}

std::vector<Scheduler::WorkerStats> Scheduler::Workers() const {
  std::lock_guard lock(mutex_);
  const TimePoint now = clock_.Now();
  std::vector<WorkerStats> all;
  for (const auto& worker : workers_) {
    const Duration current = worker->busy_since == TimePoint{} ? Duration::zero() : now - worker->busy_since;
    all.push_back({worker->busy + current, now - started_});
  }
  return all;
}

Duration Scheduler::PredictedWait() const {
  std::lock_guard lock(mutex_);
  return core_.PredictedWait(kNever, clock_.Now());
}

size_t Scheduler::IdleWorkers() const {
  std::lock_guard lock(mutex_);
  const auto idle = static_cast<size_t>(std::max(0, core_.idle_workers()));
  return idle - std::min(idle, core_.waiting());
}

size_t Scheduler::waiting_chores() const {
  std::lock_guard lock(mutex_);
  return chores_.size();
}

void Scheduler::Shutdown() {
  DropList dropped;
  {
    std::lock_guard lock(mutex_);
    dropped = core_.Shutdown();
    stopping_ = true;
    while (Worker* worker = NextSleeper()) worker->wake.notify_one();
  }
  Tell(std::move(dropped));
  for (auto& worker : workers_) worker->thread->Join();
}

}  // namespace sluice
