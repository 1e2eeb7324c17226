#include "pipeline/job_report.h"

#include <algorithm>

namespace sluice {

void AddTimes(const JobReport& report, Call& call) {
  CallUse& use = call.UseOf(report.model.id(), report.model.version());
  use.queue_ms += ToMs(report.times.queue.took);
  use.decode_ms += ToMs(report.times.decode.took);
  use.infer_ms += ToMs(report.times.infer.took);
  use.post_ms += ToMs(report.times.post.took);
}

void MaxTimes(const JobReport& report, Call& call) {
  CallUse& use = call.UseOf(report.model.id(), report.model.version());
  use.queue_ms = std::max(use.queue_ms, ToMs(report.times.queue.took));
  use.decode_ms = std::max(use.decode_ms, ToMs(report.times.decode.took));
  use.infer_ms = std::max(use.infer_ms, ToMs(report.times.infer.took));
  use.post_ms = std::max(use.post_ms, ToMs(report.times.post.took));
}

}  // namespace sluice
