#include "pipeline/statistics.h"

namespace sluice {

void UseStatistics::Record(bool ok, const JobTimes& times, WallTime now) {
  const double total_ms = times.queue_ms + times.decode_ms + times.infer_ms + times.post_ms;
  std::lock_guard lock(mutex_);
  if (!ok) return numbers_.fail.Add(total_ms);
  numbers_.success.Add(total_ms);
  numbers_.queue.Add(times.queue_ms);
  numbers_.decode.Add(times.decode_ms);
  numbers_.infer.Add(times.infer_ms);
  numbers_.post.Add(times.post_ms);
  numbers_.last = now;
}

UseStatistics::Numbers UseStatistics::Get() const {
  std::lock_guard lock(mutex_);
  return numbers_;
}

}  // namespace sluice
