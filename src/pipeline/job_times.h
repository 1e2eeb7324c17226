// Where a job's time went.
#pragma once

#include "call/call.h"

namespace sluice {

struct JobTimes {
  double queue_ms = 0;
  double decode_ms = 0;
  double infer_ms = 0;
  double post_ms = 0;
};

// Into the call's record. Jobs that follow each other add up.
void AddTimes(const JobTimes& times, CallUse& use);
// Of jobs that run side by side the longest of each step counts.
void MaxTimes(const JobTimes& times, CallUse& use);

}  // namespace sluice
