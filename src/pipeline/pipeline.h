// Submits jobs: admission, then the queue of the model version that was resolved.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "admission/admission.h"
#include "call/call.h"
#include "pipeline/job.h"
#include "pipeline/task.h"
#include "scheduler/scheduler.h"

namespace sluice {

// Thread-safe; immutable after start.
class Pipeline {
 public:
  Pipeline(const Admission& admission, Scheduler& scheduler) : admission_(admission), scheduler_(scheduler) {}

  // Admits one use of a model whose task is `task`, and queues the job for `call`, whose record gets the model's name at
  // once. An error: refused now, `done` will not run. `cost` is the job's size relative to its queue's others, `priority`
  // decides between equal deadlines (scheduler/work.h).
  template <typename Input, typename Output>
  absl::StatusOr<Ticket> Submit(ModelUse use, std::string_view task, Call& call, Input input,
                                typename Job<Input, Output>::Done done, double cost = 1, int priority = 0);

  // Submit in two steps, for a method that takes models of several tasks and looks which it got. The error names `tasks`.
  absl::StatusOr<Admitted> Admit(ModelUse use, std::initializer_list<std::string_view> tasks) const;
  // Input and Output are those of the admitted model's task.
  template <typename Input, typename Output>
  absl::StatusOr<Ticket> Queue(Admitted admitted, Call& call, Input input, typename Job<Input, Output>::Done done,
                               double cost = 1, int priority = 0);

  // Nobody waits for the job any more. True: it had not started, and its `done` will get CANCELLED. Else it is told to stop.
  bool Cancel(Ticket ticket) { return scheduler_.Cancel(ticket); }
  // Workers that nobody has work for at this moment: how far it helps to split a large job.
  size_t IdleWorkers() const { return scheduler_.IdleWorkers(); }
  Chores& chores() { return scheduler_.chores(); }

 private:
  const Admission& admission_;
  Scheduler& scheduler_;
};

// Makes Repository::Options::prepare: every loaded version gets its task's runner and a queue.
std::function<absl::Status(ModelVersion&)> PrepareVersions(Scheduler& scheduler,
                                                           const std::vector<std::unique_ptr<ModelTask>>& tasks,
                                                           const Clock& clock = SystemClock());

template <typename Input, typename Output>
absl::StatusOr<Ticket> Pipeline::Submit(ModelUse use, std::string_view task, Call& call, Input input,
                                        typename Job<Input, Output>::Done done, double cost, int priority) {
  auto admitted = Admit(std::move(use), {task});
  if (!admitted.ok()) return admitted.status();
  return Queue<Input, Output>(*std::move(admitted), call, std::move(input), std::move(done), cost, priority);
}

template <typename Input, typename Output>
absl::StatusOr<Ticket> Pipeline::Queue(Admitted admitted, Call& call, Input input,
                                       typename Job<Input, Output>::Done done, double cost, int priority) {
  const TimePoint deadline = admitted.use().deadline;
  const ModelVersion& model = *admitted.use().model;
  call.use.model_id = model.id();
  call.use.model_version = model.version();
  const QueueId queue = RuntimeOf(model)->queue;
  auto job = std::make_unique<Job<Input, Output>>(call.loop(), std::move(admitted), std::move(input), std::move(done));
  job->principal = call.principal();
  job->deadline = deadline;
  job->cost = cost;
  job->priority = priority;
  auto* refused = job.get();
  std::unique_ptr<Work> work = std::move(job);
  auto ticket = scheduler_.Offer(queue, std::move(work));
  if (!ticket.ok()) refused->Refused(ticket.status());
  return ticket;
}

}  // namespace sluice
