// A piece of work on its way through a task's steps, typed by what goes in and what comes out.
//
//   Pipeline::Submit ─► queue ─► WorkRunner::Run on a worker: decode → pre → infer → post ─► Finish ─► done, on the loop
#pragma once

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "admission/admission.h"
#include "base/executor.h"
#include "pipeline/job_times.h"
#include "pipeline/runtime.h"
#include "scheduler/work.h"

namespace sluice {

// Ends exactly once: Finish by the runner, or Dropped by the scheduler. `done` then runs on `loop`, never inside Submit.
template <typename Input, typename Output>
class Job final : public Work {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Output>, const JobTimes&)>;

  Job(Loop& loop, Admitted admitted, Input in, Done done)
      : input(std::move(in)),
        loop_(loop),
        model_(admitted.use().model),
        admitted_(std::move(admitted)),
        done_(std::move(done)) {}

  const ModelVersion& model() const { return *model_; }

  void Finish(absl::StatusOr<Output> result) {
    if (done_ == nullptr) return;
    if (taken != TimePoint{}) times.queue_ms = ToMs(taken - offered);
    RecordUse(*model_, result.ok(), times);
    Deliver(loop_, [admitted = std::move(admitted_), done = std::exchange(done_, nullptr), result = std::move(result),
                    times = times]() mutable {
      admitted.End(result.status());
      done(std::move(result), times);
    });
  }
  void Dropped(absl::Status why) override { Finish(std::move(why)); }
  // The scheduler refused it: `done` will not run, the caller has the status.
  void Refused(const absl::Status& why) {
    done_ = nullptr;
    RecordUse(*model_, false, times);
    admitted_.End(why);
  }

  Input input;
  JobTimes times;  // queue_ms is filled by Finish

 private:
  Loop& loop_;
  const ModelHandle model_;  // stays pinned until the batch is destroyed, also after Finish
  Admitted admitted_;
  Done done_;
};

}  // namespace sluice
