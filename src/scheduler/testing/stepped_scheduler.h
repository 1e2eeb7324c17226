// A scheduler in simulated time: the decisions of SchedulerCore, and workers that are timers of a FakeLoop. A batch is
// computed when its time is over. Chores run in the loop's next turn, whatever the workers do.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/testing/fake_loop.h"
#include "scheduler/core.h"
#include "scheduler/job_queue.h"

namespace sluice {

class SteppedScheduler final : public JobQueue {
 public:
  // `loop` outlives the scheduler.
  explicit SteppedScheduler(FakeLoop& loop, int workers = 1)
      : loop_(loop), core_(workers), running_(static_cast<size_t>(workers)), chores_(loop) {}
  ~SteppedScheduler() override { Shutdown(); }

  // What each batch takes that a worker begins from now on.
  Duration batch_time = std::chrono::milliseconds(10);
  // If set, the same by queue and batch. Called when a worker begins it.
  std::function<Duration(const std::string& queue, const Batch& batch)> time_of;
  // If set, called when a batch is over, with what it took.
  std::function<void(const Batch& batch, Duration busy)> on_done;

  QueueId AddQueue(QueueOptions options, std::shared_ptr<WorkRunner> runner) override {
    std::string name = options.name;
    const QueueId id = core_.AddQueue(std::move(options));
    runners_.emplace(id, Queue{std::move(name), std::move(runner)});
    return id;
  }
  void RemoveQueue(QueueId id) override {
    Tell(core_.RemoveQueue(id));
    runners_.erase(id);
  }
  absl::StatusOr<Ticket> Offer(QueueId queue, std::unique_ptr<Work>&& work) override {
    DropList expired = core_.Expire(loop_.clock().Now());
    auto ticket = core_.Offer(queue, std::move(work), loop_.clock().Now());
    Tell(std::move(expired));
    Begin();
    return ticket;
  }
  bool Cancel(Ticket ticket) override {
    if (const std::unique_ptr<Work> work = core_.Cancel(ticket)) {
      work->Dropped(Error(Reason::CANCELLED, "cancelled"));
      return true;
    }
    if (const int worker = core_.Stop(ticket); worker >= 0) Stop(static_cast<size_t>(worker));
    return false;
  }
  size_t IdleWorkers() const override { return core_.idle_workers(); }
  Duration PredictedRun(QueueId queue, double cost, uint8_t size) const override {
    return core_.PredictedRun(queue, cost, size);
  }
  Duration Backlog() const override { return core_.Queued(); }
  absl::Status Judge(WorkClass work_class, Principal principal, TimePoint deadline) override {
    return core_.Judge({.work_class = work_class, .principal = principal, .deadline = deadline}, loop_.clock().Now());
  }
  Chores& chores() override { return chores_; }

  int workers() const { return static_cast<int>(running_.size()); }
  size_t waiting() const { return core_.waiting(); }
  const ShedCounts& sheds() const { return core_.sheds(); }

  // What waits is dropped, what runs is stopped.
  void Shutdown() {
    Tell(core_.Shutdown());
    for (size_t i = 0; i < running_.size(); ++i) {
      if (!running_[i]) continue;
      Stop(i);
      loop_.Cancel(running_[i]->timer);
      End(i);
    }
  }

 private:
  struct Running {
    Batch batch;
    std::shared_ptr<WorkRunner> runner;
    std::stop_source stop;
    Loop::TimerId timer = 0;
  };
  class LoopChores final : public Chores {
   public:
    explicit LoopChores(Loop& loop) : loop_(loop) {}
    using Chores::Post;
    void Post(const ChoreOwner& owner, Task chore) override {
      loop_.Post([stop = owner.stop, chore = std::move(chore)]() mutable {
        if (!stop.stop_requested()) chore();
      });
    }
    bool TryPost(const ChoreOwner& owner, Task& chore) override {
      Post(owner, std::move(chore));
      return true;
    }

   private:
    Loop& loop_;
  };

  // Idle workers take what waits.
  void Begin() {
    for (size_t i = 0; i < running_.size(); ++i) {
      if (running_[i]) continue;
      Tell(core_.Expire(loop_.clock().Now()));
      Batch batch = core_.Take(static_cast<int>(i), loop_.clock().Now());
      if (!batch) return;
      const Queue& queue = runners_.at(batch.queue);
      const Duration time = time_of ? time_of(queue.name, batch) : batch_time;
      running_[i].emplace(Running{.batch = std::move(batch), .runner = queue.runner, .stop = {}});
      running_[i]->timer = loop_.At(loop_.clock().Now() + time, [this, i] { End(i); });
    }
  }
  // The rest of its work is for nothing: it is over now.
  void Stop(size_t worker) {
    Running& running = *running_[worker];
    running.stop.request_stop();
    loop_.Cancel(running.timer);
    running.timer = loop_.At(loop_.clock().Now(), [this, worker] { End(worker); });
  }
  void End(size_t worker) {
    Running running = *std::exchange(running_[worker], std::nullopt);
    running.runner->Run(static_cast<int>(worker), running.batch.works, running.stop.get_token());
    running.batch.works.clear();
    const Duration busy = loop_.clock().Now() - running.batch.started;
    core_.Done(running.batch, busy);
    if (on_done) on_done(running.batch, busy);
    Begin();
  }
  static void Tell(DropList dropped) {
    for (Dropped& drop : dropped) drop.work->Dropped(std::move(drop.why));
  }

  FakeLoop& loop_;
  SchedulerCore core_;
  struct Queue {
    std::string name;
    std::shared_ptr<WorkRunner> runner;
  };
  std::map<QueueId, Queue> runners_;
  std::vector<std::optional<Running>> running_;  // by worker
  LoopChores chores_;
};

}  // namespace sluice
