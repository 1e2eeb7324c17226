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
  use.on_refusal = [&call](std::string_view layer, const ModelVersion* model, const absl::Status& why) {
    call.Note(layer, model == nullptr ? std::string_view() : model->name(), why);
  };
  return admission_.Submit(std::move(use), [&](Admitted& admitted) -> absl::StatusOr<Ticket> {
    RETURN_IF_ERROR(CheckTask(*admitted.use().model, tasks));
    return queue(admitted);
  });
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
