// Submits jobs: admission, then the queue of the model version that takes them.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admission/admission.h"
#include "call/call.h"
#include "pipeline/job.h"
#include "pipeline/task.h"
#include "scheduler/job_queue.h"

namespace sluice {

// What a handler asks of a model.
struct Wanted {
  std::string model_id;
  std::string version = {};  // empty: the default one
  TimePoint deadline = kNever;
  double cost = 1;   // of the job, relative to its queue's others
  uint8_t size = 0;  // SizeClassOf its input
  int priority = 0;  // between equal deadlines (scheduler/work.h)
};

// Thread-safe; immutable after start.
class Pipeline {
 public:
  Pipeline(const Admission& admission, JobQueue& jobs) : admission_(admission), jobs_(jobs) {}

  // One use of a model whose task is `task`, for `call`, whose record gets the model's name at once: of the one that
  // takes it; if none does, of the first that refuses. An error: refused now, `done` will not run.
  template <typename Input, typename Output>
  // NOLINTNEXTLINE(performance-unnecessary-value-param): it is moved on
  absl::StatusOr<Ticket> Submit(Call& call, Wanted wanted, std::string_view task, Input input,
                                typename Job<Input, Output>::Done done) {
    return SubmitAny(call, std::move(wanted), {task},
                     [&](Admitted& admitted) { return Queue<Input, Output>(call, admitted, input, done); });
  }

  // Submit for a method that takes models of several tasks: `queue` looks which it got and calls Queue. The error of a
  // model of another task names `tasks`.
  absl::StatusOr<Ticket> SubmitAny(Call& call, Wanted wanted, std::initializer_list<std::string_view> tasks,
                                   absl::FunctionRef<absl::StatusOr<Ticket>(Admitted&)> queue) const;
  // Input and Output are those of the admitted model's task. On a refusal nothing was taken from the three.
  template <typename Input, typename Output>
  absl::StatusOr<Ticket> Queue(Call& call, Admitted& admitted, Input& input, typename Job<Input, Output>::Done& done);

  // Nobody waits for the job any more. True: it had not started, and its `done` will get CANCELLED. Else it is told to
  // stop.
  bool Cancel(Ticket ticket) { return jobs_.Cancel(ticket); }
  // How long a job of that cost and size runs on the model; 0 while unknown, or when there is no such model.
  Duration PredictedRun(const std::string& model_id, double cost, uint8_t size) const;
  // Workers that nobody has work for at this moment: how far it helps to split a large job.
  size_t IdleWorkers() const { return jobs_.IdleWorkers(); }
  Chores& chores() { return jobs_.chores(); }

 private:
  const Admission& admission_;
  JobQueue& jobs_;
};

// Makes Repository::Options::prepare: every loaded version gets its task's runner and a queue. `judges_time`: the queue
// refuses what could not be in time.
std::function<absl::Status(ModelVersion&)> PrepareVersions(JobQueue& jobs,
                                                           const std::vector<std::unique_ptr<ModelTask>>& tasks,
                                                           bool judges_time = true, const Clock& clock = SystemClock());

template <typename Input, typename Output>
absl::StatusOr<Ticket> Pipeline::Queue(Call& call, Admitted& admitted, Input& input,
                                       typename Job<Input, Output>::Done& done) {
  const ModelHandle model = admitted.use().model;  // keeps the queue while the job may be gone already
  auto job = std::make_unique<Job<Input, Output>>(call.loop(), std::move(admitted), std::move(input), std::move(done));
  auto* const made = job.get();
  std::unique_ptr<Work> work = std::move(job);
  work->principal = made->use().principal;
  work->deadline = made->use().deadline;
  work->work_class = made->use().work_class;
  work->cost = made->use().cost;
  work->size = made->use().size;
  work->priority = made->use().priority;
  const Headers headers = made->use().headers;
  auto ticket = jobs_.Offer(RuntimeOf(*model)->queue, std::move(work));
  if (!ticket.ok()) {
    made->HandBack(admitted, input, done);  // NOLINT(bugprone-use-after-move): that is what it gives back
    return ticket;
  }
  call.UseOf(model->id(), model->version()).slo_ms = model->manifest().slo_ms();
  // Once each: a call's texts may be several uses of one model.
  for (size_t i = 0; i < headers.size(); ++i) {
    if (call.response_headers().Get(headers[i].name) == headers[i].value) continue;
    call.response_headers().Add(headers[i].name, headers[i].value);
  }
  return ticket;
}

}  // namespace sluice
