// Workers over the scheduling core: the threads that compute. A worker that finishes takes the next batch at once; a sleeping
// one is woken only when there is work that nobody else is about to take.
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/chores.h"
#include "base/clock.h"
#include "base/thread.h"
#include "scheduler/core.h"

namespace sluice {

class Scheduler {
 public:
  struct Options {
    int workers = 0;  // 0: one per core
    int nice = kWorkerNice;
    size_t chores_max = 1024;  // waiting; see chores()
  };
  struct WorkerStats {
    Duration busy{};     // running batches and chores, since the start
    Duration elapsed{};  // since the start
  };

  // The clock outlives the scheduler.
  explicit Scheduler(const Options& options, const Clock& clock = SystemClock());
  ~Scheduler();  // Shutdown()

  int workers() const { return static_cast<int>(workers_.size()); }

  // --- queues: any thread. The runner lives until its last batch is over, also after RemoveQueue ---
  QueueId AddQueue(QueueOptions options, std::shared_ptr<WorkRunner> runner);
  // Waiting work is dropped as MODEL_UNAVAILABLE before this returns; running batches finish on their own. Fine on a worker.
  void RemoveQueue(QueueId id);

  // --- work: any thread ---
  // On success the work may already be over when this returns. On refusal `work` stays with the caller, and Dropped is not
  // called; reasons: see SchedulerCore::Offer.
  absl::StatusOr<Ticket> Offer(QueueId queue, std::unique_ptr<Work>&& work);
  // True: it waited, it will not run, and Dropped(CANCELLED) was called. False: it runs, or is over.
  bool Cancel(Ticket ticket);

  // --- chores, between batches, in order of arrival: any thread ---
  // TryPost() accepts while fewer than chores_max wait. After Shutdown both destroy the chore unrun.
  Chores& chores() { return chores_executor_; }

  // --- what it looks like now: any thread ---
  std::vector<QueueStats> Queues() const;
  std::vector<WorkerStats> Workers() const;
  Duration PredictedWait() const;
  size_t IdleWorkers() const;  // without those that waiting work is for
  size_t waiting_chores() const;

  // Waiting work is dropped as SHUTTING_DOWN, running batches and waiting chores finish, threads end. Not on a worker.
  void Shutdown();

 private:
  friend class Work;
  struct Delivery {
    Executor* to;
    Task result;
  };
  struct Worker {
    std::condition_variable wake;  // one each: exactly the chosen one wakes
    bool sleeping = false;
    Duration busy{};                       // guarded by mutex_, like the two below
    TimePoint busy_since{};                // while it runs something
    Duration last_busy = Duration::max();  // of the last batch
    bool chore_last = false;
    std::vector<Delivery> outbox;    // of its own thread, like `last`
    const Work* last = nullptr;      // of the batch it runs
    std::unique_ptr<Thread> thread;  // ends in Shutdown
  };
  struct Chore;
  class WorkerChores final : public Chores {
   public:
    explicit WorkerChores(Scheduler& scheduler) : scheduler_(scheduler) {}
    using Chores::Post;
    void Post(const ChoreOwner& owner, Task chore) override;
    bool TryPost(const ChoreOwner& owner, Task& chore) override;

   private:
    Scheduler& scheduler_;
  };

  void Loop(int index);
  // With mutex_ held by `lock`; releases it while running.
  bool RunOne(int index, std::unique_lock<std::mutex>& lock);
  void RunChore(Worker& self, TimePoint now, std::unique_lock<std::mutex>& lock);
  void RunBatch(Worker& self, Batch batch, std::unique_lock<std::mutex>& lock);
  bool AddChore(const ChoreOwner& owner, Task& task, size_t waiting_max);
  void DropChore(Chore& chore);
  Worker* NextSleeper();
  static void Deliver(Worker& self);
  static void Tell(DropList dropped);

  static thread_local Worker* this_worker_;

  const Clock& clock_;
  const Options options_;
  const TimePoint started_;
  mutable std::mutex mutex_;  // std::mutex, not absl's: Debian's Abseil is opaque to ThreadSanitizer
  SchedulerCore core_;        // this and the rest: guarded by mutex_
  absl::flat_hash_map<QueueId, std::shared_ptr<WorkRunner>> runners_;
  std::list<std::unique_ptr<Chore>> chores_;
  std::vector<int> sleepers_;  // the last one slept least: its caches are warm
  bool stopping_ = false;
  WorkerChores chores_executor_{*this};
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace sluice
