// Where jobs wait and run, as the rooms above see it: queues of work, and chores. Scheduler runs them on threads,
// testing/stepped_scheduler.h in simulated time, over the same core.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "base/chores.h"
#include "base/load_probe.h"
#include "scheduler/queue.h"
#include "scheduler/work.h"

namespace sluice {

// Any thread.
class JobQueue : public LoadProbe {
 public:
  // --- queues. The runner lives until its last batch is over, also after RemoveQueue ---
  virtual QueueId AddQueue(QueueOptions options, std::shared_ptr<WorkRunner> runner) = 0;
  // Waiting work is dropped as MODEL_UNAVAILABLE before this returns; running batches finish on their own. Fine on a
  // worker.
  virtual void RemoveQueue(QueueId id) = 0;

  // --- work ---
  // On success the work may already be over when this returns. On refusal `work` stays with the caller, and Dropped is
  // not called; reasons: see SchedulerCore::Offer.
  virtual absl::StatusOr<Ticket> Offer(QueueId queue, std::unique_ptr<Work>&& work) = 0;
  // Nobody waits for it any more. True: it waited, it will not run, and Dropped(CANCELLED) was called. False: it is
  // over, or it runs; then its runner is told to stop once that is so for its whole batch.
  virtual bool Cancel(Ticket ticket) = 0;

  // How long one item of that cost and size runs; 0 while unknown.
  virtual Duration PredictedRun(QueueId queue, double cost, uint8_t size) const = 0;
  // Workers without those that waiting work is for.
  virtual size_t IdleWorkers() const = 0;
  virtual Chores& chores() = 0;
};

}  // namespace sluice
