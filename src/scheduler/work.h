// One piece of work for the workers: an image, a few texts, a tensor request.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/principal.h"
#include "base/work_class.h"

namespace sluice {

// A class for each power of two.
constexpr uint8_t SizeClassOf(size_t bytes) {
  return static_cast<uint8_t>(std::min<int>(31, static_cast<int>(std::bit_width(bytes))));
}

// Owned by the scheduler from a successful Offer until it ends. It ends exactly once: in WorkRunner::Run, or in
// Dropped.
class Work {
 public:
  virtual ~Work() = default;

  // Called once, instead of running: expired (DEADLINE_EXCEEDED), cancelled, queue removed (MODEL_UNAVAILABLE) or
  // SHUTTING_DOWN. Also after a run that got no memory (OVERLOADED), when work that is done ignores it. On a worker, or
  // on the thread that called Offer, Cancel, RemoveQueue or Shutdown; no lock is held.
  virtual void Dropped(absl::Status why) = 0;

  // Set before Offer.
  Principal principal = kOwnWork;  // whose share it takes (scheduler/fair_order.h)
  TimePoint deadline = kNever;     // at most an hour ahead counts
  int priority = 0;                // between equal deadlines of one principal the higher one goes first
  WorkClass work_class = WorkClass::kLive;
  double cost = 1;  // relative to the other work of its queue (texts …): its time grows with it, and a batch's is a sum
  uint8_t size = 0;    // SizeClassOf its input: items of one class and cost take about the same time
  uint64_t group = 0;  // only work of one group shares a batch

  // Sends a result to where it belongs. That of a batch's last item goes out when the worker has taken its next batch
  // or has lined up to sleep: else the answer's reader may be back with a new request before, and wake another, cold
  // worker.
  void PostResult(Executor& to, Task result);

  // Set by the scheduler.
  double weighed = 1;         // the cost, with the size taken into account
  Duration predicted_wait{};  // when it came
  TimePoint offered{};        // entered the queue
  TimePoint taken{};          // a worker took it; its queue wait is taken - offered
};

// Runs batches of one queue: pre → infer → post. Called by several workers at once, for different batches. Throws
// nothing but std::bad_alloc: what of the batch is not done then is told so by Dropped.
class WorkRunner {
 public:
  virtual ~WorkRunner() = default;
  // Finishes every item (a bad one fails alone) and may move out of `batch`; what is left is destroyed afterwards.
  // `worker` is 0 … workers-1. `stop` is requested when nobody waits for any of the items any more: then the rest of
  // the work is for nothing, and any result will do.
  virtual void Run(int worker, std::span<std::unique_ptr<Work>> batch, const std::stop_token& stop) = 0;
};

}  // namespace sluice
