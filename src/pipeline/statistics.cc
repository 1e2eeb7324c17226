#include "pipeline/statistics.h"

namespace sluice {
namespace {

void Observe(const StageTime& stage, OwnHistogram& histogram) {
  if (stage.began != TimePoint{}) histogram.Observe(std::chrono::duration<double>(stage.took).count());
}

}  // namespace

void UseStatistics::Record(bool ok, const JobTimes& times, WallTime now) {
  const Duration input = times.decode.took + times.pre.took;
  const Duration total = times.queue.took + input + times.infer.took + times.post.took;
  std::lock_guard lock(mutex_);
  Observe(times.queue, stages_.queue);
  Observe(times.decode, stages_.decode);
  Observe(times.pre, stages_.pre);
  Observe(times.infer, stages_.infer);
  Observe(times.post, stages_.post);
  if (!ok) return numbers_.fail.Add(total);
  numbers_.success.Add(total);
  numbers_.queue.Add(times.queue.took);
  numbers_.decode.Add(input);
  numbers_.infer.Add(times.infer.took);
  numbers_.post.Add(times.post.took);
  numbers_.last = now;
}

UseStatistics::Numbers UseStatistics::Get() const {
  std::lock_guard lock(mutex_);
  return numbers_;
}

}  // namespace sluice
