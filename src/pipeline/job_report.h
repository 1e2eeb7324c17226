// How a job went, as its call's loop learns it, and into the call's record.
#pragma once

#include "admission/job_times.h"
#include "call/call.h"
#include "repository/model_version.h"

namespace sluice {

struct JobReport {
  const ModelVersion& model;  // that did it
  const JobTimes& times;
};

// Jobs that follow each other add up.
void AddTimes(const JobReport& report, Call& call);
// Of jobs that run side by side the longest of each step counts.
void MaxTimes(const JobReport& report, Call& call);

}  // namespace sluice
