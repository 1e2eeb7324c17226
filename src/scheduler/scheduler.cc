#include "scheduler/scheduler.h"

#include <algorithm>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/cpus.h"
#include "base/error.h"
#include "base/no_memory.h"
#include "base/strings.h"

namespace sluice {
namespace {

// After work this short a worker gives its core away once before it waits: what the others bring meanwhile needs no
// wake-up, which would cost more than the work.
constexpr Duration kShortWork = std::chrono::microseconds(50);
// While work is refused for its time, what comes is judged before its body is read, however little waits: runs may have
// become slow.
constexpr Duration kRefusalMemory = std::chrono::milliseconds(100);

int WorkerCount(int wanted) { return wanted > 0 ? wanted : AvailableCpus(); }

}  // namespace

Scheduler::Scheduler(const Options& options, const Clock& clock)
    : clock_(clock), options_(options), started_(clock.Now()), core_(WorkerCount(options.workers), options.weights) {
  workers_.resize(static_cast<size_t>(WorkerCount(options.workers)));
  for (auto& worker : workers_) worker = std::make_unique<Worker>();
  bounded_chores_ = AddChoreQueue(options.chores_max);
  other_chores_ = AddChoreQueue(SIZE_MAX);
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
    if (ticket.ok()) {
      woken = NextSleeper();
    } else {
      refused_at_.store(now, std::memory_order_relaxed);
    }
    TellQueued();
  }
  if (woken != nullptr) woken->wake.notify_one();
  Tell(std::move(expired));
  return ticket;
}

bool Scheduler::Cancel(Ticket ticket) {
  std::unique_ptr<Work> work;
  std::stop_source stop(std::nostopstate);
  {
    std::lock_guard lock(mutex_);
    work = core_.Cancel(ticket);
    if (work == nullptr) {
      if (const int worker = core_.Stop(ticket); worker >= 0) {
        stop = std::exchange(workers_[static_cast<size_t>(worker)]->stop, std::stop_source());
      }
    }
  }
  stop.request_stop();
  if (work == nullptr) return false;
  work->Dropped(Error(Reason::CANCELLED, "cancelled"));
  return true;
}

// The worker to notify, after the lock is released; null when none sleeps. It leaves the list here, not when it runs:
// so the next offer wakes another.
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
      EmptyOutbox(self);
      if (work_was_short) std::this_thread::yield();
      lock.lock();
    }
    self.wake.wait(lock, [&self] { return !self.sleeping; });
  }
  lock.unlock();
  EmptyOutbox(self);
}

thread_local Scheduler::Worker* Scheduler::this_worker_ = nullptr;

void Work::PostResult(Executor& to, Task result) {
  Scheduler::Worker* worker = Scheduler::this_worker_;
  if (worker == nullptr || worker->last != this) return to.Post(std::move(result));
  worker->outbox.push_back({&to, std::move(result)});
}

void Scheduler::EmptyOutbox(Worker& self) {
  for (Result& result : self.outbox) result.to->Post(std::move(result.task));
  self.outbox.clear();
}

// False when there is nothing to do.
bool Scheduler::RunOne(int index, std::unique_lock<std::mutex>& lock) {
  Worker& self = *workers_[index];
  const TimePoint now = clock_.Now();
  if (DropList expired = core_.Expire(now); !expired.empty()) {
    lock.unlock();
    EmptyOutbox(self);
    Tell(std::move(expired));
    lock.lock();
    return true;
  }
  Batch batch = core_.Take(index, now);
  TellQueued();
  if (!batch) return false;
  RunBatch(self, std::move(batch), lock);
  return true;
}

void Scheduler::RunBatch(Worker& self, Batch batch, std::unique_lock<std::mutex>& lock) {
  // The shared pointer keeps the runner when its queue is removed meanwhile, even by an item of this very batch.
  std::shared_ptr<WorkRunner> runner = runners_.find(batch.queue)->second;
  const std::stop_token stop = self.stop.get_token();
  self.busy_since = batch.started;
  lock.unlock();
  EmptyOutbox(self);
  self.last = batch.works.back().get();
  if (!GetsMemory([&] { runner->Run(batch.worker, batch.works, stop); })) {
    for (const auto& work : batch.works) work->Dropped(NoMemoryFor("this request"));  // what of it is done stays done
  }
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
  auto queues = core_.Stats(clock_.Now());
  std::erase_if(queues,
                [this](const QueueStats& queue) { return queue.id == bounded_chores_ || queue.id == other_chores_; });
  return queues;
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

size_t Scheduler::IdleWorkers() const {
  std::lock_guard lock(mutex_);
  return core_.idle_workers();
}

Duration Scheduler::PredictedRun(QueueId queue, double cost, uint8_t size) const {
  std::lock_guard lock(mutex_);
  return core_.PredictedRun(queue, cost, size);
}

absl::Status Scheduler::Judge(WorkClass work_class, Principal principal, TimePoint deadline) {
  const TimePoint now = clock_.Now();
  // Most of the time, and without the lock.
  const bool refused_lately = now < refused_at_.load(std::memory_order_relaxed) + kRefusalMemory;
  if (!refused_lately && now + 4 * Backlog() <= deadline) return absl::OkStatus();
  std::lock_guard lock(mutex_);
  return core_.Judge({.work_class = work_class, .principal = principal, .deadline = deadline}, now);
}

ShedCounts Scheduler::Sheds() const {
  std::lock_guard lock(mutex_);
  return core_.sheds();
}

PrincipalTimes Scheduler::TakePrincipals() {
  std::lock_guard lock(mutex_);
  return core_.TakePrincipals();
}

size_t Scheduler::waiting_chores() const {
  std::lock_guard lock(mutex_);
  return core_.WaitingIn(bounded_chores_) + core_.WaitingIn(other_chores_);
}

void Scheduler::Shutdown() {
  DropList dropped;
  std::vector<std::stop_source> running;
  {
    std::lock_guard lock(mutex_);
    for (const QueueId chores : {bounded_chores_, other_chores_}) {
      DropList part = core_.RemoveQueue(chores);
      std::move(part.begin(), part.end(), std::back_inserter(unrun_));
    }
    dropped = core_.Shutdown();
    stopping_ = true;
    for (const auto& worker : workers_) running.push_back(std::exchange(worker->stop, std::stop_source()));
    while (Worker* worker = NextSleeper()) worker->wake.notify_one();
  }
  for (std::stop_source& stop : running) stop.request_stop();
  Tell(std::move(dropped));
  for (auto& worker : workers_) worker->thread->Join();
}

}  // namespace sluice
