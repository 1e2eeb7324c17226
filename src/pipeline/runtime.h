// A version's place in the pipeline: its queue and its numbers. Lives with the version, as its companion.
#pragma once

#include "base/clock.h"
#include "pipeline/statistics.h"
#include "repository/model_version.h"
#include "scheduler/job_queue.h"

namespace sluice {

class Runtime final : public Companion {
 public:
  // `jobs` and `clock` outlive the version.
  Runtime(JobQueue& jobs, QueueId queue, const Clock& clock) : queue(queue), clock(clock), jobs_(jobs) {}
  ~Runtime() override { jobs_.RemoveQueue(queue); }

  const QueueId queue;
  const Clock& clock;
  UseStatistics statistics;

 private:
  JobQueue& jobs_;
};

// Null for a version that was not prepared by PrepareVersions.
inline Runtime* RuntimeOf(const ModelVersion& version) { return static_cast<Runtime*>(version.companion()); }

inline void RecordUse(const ModelVersion& version, bool ok, const JobTimes& times) {
  if (Runtime* runtime = RuntimeOf(version)) runtime->statistics.Record(ok, times, runtime->clock.WallNow());
}

}  // namespace sluice
