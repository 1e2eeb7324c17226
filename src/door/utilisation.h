// How busy workers and models were recently: over a window of the server's own, so that it does not matter who asks,
// nor how often.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "scheduler/queue.h"

namespace sluice {

// Thread-safe. Pure but for its lock: time comes with the samples.
class Utilisation {
 public:
  static constexpr Duration kWindow = std::chrono::seconds(10);
  static constexpr Duration kInterval = std::chrono::seconds(1);  // between samples

  // Time that each was busy since the start. Samples come in order of time.
  void Sample(TimePoint now, const std::vector<QueueStats>& queues, std::vector<Duration> workers);

  // Shares, 0 to 1, as of the latest sample: of all workers' time for a queue, of its own for a worker. 0 before there
  // are two samples.
  double OfQueue(QueueId queue) const;
  double OfWorker(size_t worker) const;

 private:
  struct Moment {
    TimePoint at;
    std::map<QueueId, Duration> queues;
    std::vector<Duration> workers;
  };
  double Share(Duration busy, size_t workers) const;

  mutable std::mutex mutex_;
  std::deque<Moment> moments_;  // the oldest is the last that is a window old, or the first
};

}  // namespace sluice
