#include "pipeline/job_times.h"

#include <algorithm>

namespace sluice {

void AddTimes(const JobTimes& times, CallUse& use) {
  use.queue_ms += times.queue_ms;
  use.decode_ms += times.decode_ms;
  use.infer_ms += times.infer_ms;
  use.post_ms += times.post_ms;
}

void MaxTimes(const JobTimes& times, CallUse& use) {
  use.queue_ms = std::max(use.queue_ms, times.queue_ms);
  use.decode_ms = std::max(use.decode_ms, times.decode_ms);
  use.infer_ms = std::max(use.infer_ms, times.infer_ms);
  use.post_ms = std::max(use.post_ms, times.post_ms);
}

}  // namespace sluice
