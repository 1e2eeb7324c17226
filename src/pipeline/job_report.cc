#include "pipeline/job_report.h"

#include <algorithm>

namespace sluice {

void AddTimes(const JobReport& report, Call& call) {
  CallUse& use = call.UseOf(report.model.id(), report.model.version());
  use.queue_ms += report.times.queue_ms;
  use.decode_ms += report.times.decode_ms;
  use.infer_ms += report.times.infer_ms;
  use.post_ms += report.times.post_ms;
}

void MaxTimes(const JobReport& report, Call& call) {
  CallUse& use = call.UseOf(report.model.id(), report.model.version());
  use.queue_ms = std::max(use.queue_ms, report.times.queue_ms);
  use.decode_ms = std::max(use.decode_ms, report.times.decode_ms);
  use.infer_ms = std::max(use.infer_ms, report.times.infer_ms);
  use.post_ms = std::max(use.post_ms, report.times.post_ms);
}

}  // namespace sluice
