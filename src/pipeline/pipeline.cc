#include "pipeline/pipeline.h"

#include "base/error.h"
#include "base/strings.h"

namespace sluice {

namespace {

absl::Status CheckTask(const ModelVersion& model, std::initializer_list<std::string_view> tasks) {
  std::string wanted;
  for (const std::string_view task : tasks) {
    if (model.manifest().task() == task) return absl::OkStatus();
    absl::StrAppend(&wanted, wanted.empty() ? "" : " or ", ToAbsl(task));
  }
  return FieldError(
      Reason::INVALID_REQUEST, "model_id",
      StrCat("model '", model.id(), "' is a ", model.manifest().task(), " model; this method needs one for ", wanted));
}

// Metrics and the log count a call that no model took for the one that it asked for.
struct FirstRefusal {
  std::string model_id, version;
  double slo_ms = 0;

  void Note(const ModelVersion* model) {
    if (model == nullptr || !model_id.empty()) return;
    model_id = model->id();
    version = model->version();
    slo_ms = model->manifest().slo_ms();
  }
  void AddTo(Call& call) const {
    if (!model_id.empty()) call.UseOf(model_id, version).slo_ms = slo_ms;
  }
};

}  // namespace

absl::StatusOr<Ticket> Pipeline::SubmitAny(Call& call, Wanted wanted, std::initializer_list<std::string_view> tasks,
                                           absl::FunctionRef<absl::StatusOr<Ticket>(Admitted&)> queue) const {
  ModelUse use{.model_id = std::move(wanted.model_id),
               .version = std::move(wanted.version),
               .method = call.method().name,
               .key_id = call.key_id,
               .principal = call.principal(),
               .work_class = call.work_class,
               .trace = call.trace,
               .deadline = wanted.deadline,
               .cost = wanted.cost,
               .size = wanted.size,
               .priority = wanted.priority};
  FirstRefusal first;
  use.on_refusal = [&call, &first](std::string_view layer, const ModelVersion* model, const absl::Status& why) {
    call.Note(layer, model == nullptr ? std::string_view() : model->name(), why);
    if (ReasonOf(why) != Reason::INVALID_REQUEST) first.Note(model);
  };
  auto ticket = admission_.Submit(std::move(use), [&](Admitted& admitted) -> absl::StatusOr<Ticket> {
    RETURN_IF_ERROR(CheckTask(*admitted.use().model, tasks));
    return queue(admitted);
  });
  if (!ticket.ok()) first.AddTo(call);
  return ticket;
}

Duration Pipeline::PredictedRun(const std::string& model_id, double cost, uint8_t size) const {
  const auto model = admission_.FirstChoice({.model_id = model_id});
  const Runtime* runtime = model.ok() && *model != nullptr ? RuntimeOf(**model) : nullptr;
  return runtime == nullptr ? Duration::zero() : jobs_.PredictedRun(runtime->queue, cost, size);
}

std::function<absl::Status(ModelVersion&)> PrepareVersions(JobQueue& jobs,
                                                           const std::vector<std::unique_ptr<ModelTask>>& tasks,
                                                           bool judges_time, const Clock& clock) {
  return [&jobs, &tasks, judges_time, &clock](ModelVersion& version) -> absl::Status {
    const Manifest& manifest = version.manifest();
    for (const auto& task : tasks) {
      if (task->name() != manifest.task()) continue;
      ASSIGN_OR_RETURN(auto runner, task->MakeRunner(version));
      const QueueId queue = jobs.AddQueue({.name = version.name(),
                                           .max_items = manifest.queue().max_items(),
                                           .max_batch = manifest.max_batch(),
                                           .judges_time = judges_time,
                                           .slo = std::chrono::milliseconds(manifest.slo_ms())},
                                          std::move(runner));
      version.set_companion(std::make_unique<Runtime>(jobs, queue, clock));
      return absl::OkStatus();
    }
    return Error(Reason::MODEL_UNAVAILABLE, StrCat("there is no task '", manifest.task(), "'"));
  };
}

}  // namespace sluice
