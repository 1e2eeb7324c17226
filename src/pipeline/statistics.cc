#include "pipeline/statistics.h"

namespace sluice {

void UseStatistics::Record(bool ok, const JobTimes& times, WallTime now) {
  const Duration total = times.queue.took + times.decode.took + times.infer.took + times.post.took;
  std::lock_guard lock(mutex_);
  if (!ok) return numbers_.fail.Add(total);
  numbers_.success.Add(total);
  numbers_.queue.Add(times.queue.took);
  numbers_.decode.Add(times.decode.took);
  numbers_.infer.Add(times.infer.took);
  numbers_.post.Add(times.post.took);
  numbers_.last = now;
}

UseStatistics::Numbers UseStatistics::Get() const {
  std::lock_guard lock(mutex_);
  return numbers_;
}

}  // namespace sluice
