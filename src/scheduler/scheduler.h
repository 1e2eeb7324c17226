// Workers over the scheduling core: the threads that compute. A worker that finishes takes the next batch at once; a
// sleeping one is woken only when there is work that nobody else is about to take. Chores are work, too, in queues of
// their own, so that one fair order holds for all that a client has done.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/chores.h"
#include "base/clock.h"
#include "base/thread.h"
#include "scheduler/core.h"
#include "scheduler/job_queue.h"

namespace sluice {

class Scheduler final : public JobQueue {
 public:
  struct Options {
    int workers = 0;  // 0: one per core
    int nice = kWorkerNice;
    size_t chores_max = 1024;  // that TryPost lets wait
    Weights weights{};
  };
  struct WorkerStats {
    Duration busy{};     // running batches and chores, since the start
    Duration elapsed{};  // since the start
  };

  // The clock outlives the scheduler.
  explicit Scheduler(const Options& options, const Clock& clock = SystemClock());
  ~Scheduler() override;  // Shutdown()

  int workers() const { return static_cast<int>(workers_.size()); }

  QueueId AddQueue(QueueOptions options, std::shared_ptr<WorkRunner> runner) override;
  void RemoveQueue(QueueId id) override;
  absl::StatusOr<Ticket> Offer(QueueId queue, std::unique_ptr<Work>&& work) override;
  bool Cancel(Ticket ticket) override;
  size_t IdleWorkers() const override;
  Duration PredictedRun(QueueId queue, double cost, uint8_t size) const override;
  Duration Backlog() const override { return Duration(queued_.load(std::memory_order_relaxed)); }
  absl::Status Judge(WorkClass work_class, Principal principal, TimePoint deadline) override;
  // After Shutdown chores are destroyed unrun.
  Chores& chores() override { return chores_; }

  // --- what it looks like now: any thread ---
  std::vector<QueueStats> Queues() const;
  std::vector<WorkerStats> Workers() const;
  ShedCounts Sheds() const;
  // SchedulerCore's.
  PrincipalTimes TakePrincipals();
  size_t waiting_chores() const;

  // Waiting work is dropped as SHUTTING_DOWN, waiting chores are dropped, what runs is told to stop, threads end. Not
  // on a worker.
  void Shutdown();

 private:
  friend class Work;
  struct Result {
    Executor* to;
    Task task;
  };
  struct Worker {
    std::condition_variable wake;  // one each: exactly the chosen one wakes
    bool sleeping = false;
    Duration busy{};                       // guarded by mutex_, like the two below
    TimePoint busy_since{};                // while it runs something
    Duration last_busy = Duration::max();  // of the last batch
    std::stop_source stop;                 // of the batch it runs; taken away, and made again, when that is stopped
    std::vector<Result> outbox;            // of its own thread, like `last`
    const Work* last = nullptr;            // of the batch it runs
    std::unique_ptr<Thread> thread;        // ends in Shutdown
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
  void RunBatch(Worker& self, Batch batch, std::unique_lock<std::mutex>& lock);
  // The two queues of chores: bounded, and not (scheduler_chores.cc).
  QueueId AddChoreQueue(size_t max_items);
  bool AddChore(QueueId queue, const ChoreOwner& owner, Task& task);
  void DropChore(const Chore& chore);
  Worker* NextSleeper();
  void TellQueued() { queued_.store(core_.Queued().count(), std::memory_order_relaxed); }
  static void EmptyOutbox(Worker& self);
  static void Tell(DropList dropped);

  static thread_local Worker* this_worker_;

  const Clock& clock_;
  const Options options_;
  const TimePoint started_;
  mutable std::mutex mutex_;  // std::mutex, not absl's: Debian's Abseil is opaque to ThreadSanitizer
  SchedulerCore core_;        // this and the rest: guarded by mutex_
  absl::flat_hash_map<QueueId, std::shared_ptr<WorkRunner>> runners_;
  std::atomic<TimePoint> refused_at_{TimePoint{}};  // by Offer
  std::atomic<int64_t> queued_{0};  // core_.Queued(), written under the mutex
  std::vector<int> sleepers_;       // the last one slept least: its caches are warm
  bool stopping_ = false;
  WorkerChores chores_{*this};
  QueueId bounded_chores_ = 0, other_chores_ = 0;  // fixed by the constructor
  DropList unrun_;  // chores that Shutdown found waiting: what they hold belongs to loops, and goes with this object
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace sluice
