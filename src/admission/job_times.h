// Where a job's time went.
#pragma once

namespace sluice {

struct JobTimes {
  double queue_ms = 0;
  double decode_ms = 0;
  double infer_ms = 0;
  double post_ms = 0;
};

}  // namespace sluice
