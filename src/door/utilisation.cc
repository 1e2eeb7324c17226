#include "door/utilisation.h"

#include <algorithm>
#include <utility>

namespace sluice {

void Utilisation::Sample(TimePoint now, const std::vector<QueueStats>& queues, std::vector<Duration> workers) {
  Moment moment{.at = now, .queues = {}, .workers = std::move(workers)};
  for (const QueueStats& queue : queues) moment.queues.emplace(queue.id, queue.busy);
  const std::lock_guard lock(mutex_);
  moments_.push_back(std::move(moment));
  while (moments_.size() > 2 && now - moments_[1].at >= kWindow) moments_.pop_front();
}

// A queue that is younger than the window was idle before.
double Utilisation::OfQueue(QueueId queue) const {
  const std::lock_guard lock(mutex_);
  if (moments_.empty()) return 0;
  const auto busy = [queue](const Moment& moment) {
    const auto it = moment.queues.find(queue);
    return it == moment.queues.end() ? Duration::zero() : it->second;
  };
  return Share(busy(moments_.back()) - busy(moments_.front()), moments_.back().workers.size());
}

double Utilisation::OfWorker(size_t worker) const {
  const std::lock_guard lock(mutex_);
  if (moments_.empty() || worker >= moments_.front().workers.size()) return 0;
  return Share(moments_.back().workers[worker] - moments_.front().workers[worker], 1);
}

double Utilisation::Share(Duration busy, size_t workers) const {
  const double elapsed = std::chrono::duration<double>(moments_.back().at - moments_.front().at).count();
  if (elapsed <= 0 || workers == 0) return 0;
  return std::clamp(std::chrono::duration<double>(busy).count() / (elapsed * static_cast<double>(workers)), 0.0, 1.0);
}

}  // namespace sluice
