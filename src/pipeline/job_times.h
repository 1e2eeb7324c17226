#pragma once

namespace sluice {

// Where a job's time went, in ms.
struct JobTimes {
  double queue_ms = 0;
  double decode_ms = 0;
  double infer_ms = 0;
  double post_ms = 0;
};

}  // namespace sluice
