// A piece of work on its way through a task's steps, typed by what goes in and what comes out.
//
//   Pipeline::Submit ─► queue ─► WorkRunner::Run on a worker: decode → pre → infer → post ─► Finish ─► done on the loop
#pragma once

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "admission/admission.h"
#include "base/error.h"
#include "base/executor.h"
#include "pipeline/job_report.h"
#include "pipeline/runtime.h"
#include "scheduler/work.h"

namespace sluice {

// Ends exactly once: Finish by the runner, or Dropped by the scheduler. `done` then runs on `loop`, never inside
// Submit. One that is destroyed unfinished ends as INTERNAL, so that nobody waits for ever.
template <typename Input, typename Output>
class Job final : public Work {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Output>, const JobReport&)>;

  Job(Loop& loop, Admitted admitted, Input in, Done done)
      : input(std::move(in)),
        loop_(loop),
        model_(admitted.use().model),
        admitted_(std::move(admitted)),
        done_(std::move(done)) {}
  ~Job() override {
    if (done_ != nullptr) Finish(Error(Reason::INTERNAL, "the server lost this work; report it"));
  }

  const ModelVersion& model() const { return *model_; }
  const ModelUse& use() const { return admitted_.use(); }  // before it is offered

  void Finish(absl::StatusOr<Output> result) {
    if (done_ == nullptr) return;
    if (taken != TimePoint{}) times.queue.Add(offered, taken);
    RecordUse(*model_, result.ok(), times);
    PostResult(loop_, [admitted = std::move(admitted_), done = std::exchange(done_, nullptr), model = model_,
                       result = std::move(result), times = times]() mutable {
      admitted.End(result.status(), times);
      done(std::move(result), JobReport{*model, times});
    });
  }
  void Dropped(absl::Status why) override { Finish(std::move(why)); }
  // The scheduler refused it: gives back what it was made of, for another try.
  void HandBack(Admitted& admitted, Input& in, Done& done) {
    RecordUse(*model_, false, times);
    admitted = std::move(admitted_);
    in = std::move(input);
    done = std::exchange(done_, nullptr);
  }

  Input input;
  JobTimes times;  // `queue` is filled by Finish

 private:
  Loop& loop_;
  const ModelHandle model_;  // stays pinned until the batch is destroyed, also after Finish
  Admitted admitted_;
  Done done_;
};

}  // namespace sluice
