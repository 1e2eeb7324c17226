#include "pipeline/pipeline.h"

#include "base/error.h"
#include "base/strings.h"

namespace sluice {

absl::StatusOr<Admitted> Pipeline::Admit(ModelUse use, std::initializer_list<std::string_view> tasks) const {
  auto admitted = admission_.Admit(std::move(use));
  if (!admitted.ok()) return admitted;
  const ModelVersion& model = *admitted->use().model;
  std::string wanted;
  for (const std::string_view task : tasks) {
    if (model.manifest().task() == task) return admitted;
    absl::StrAppend(&wanted, wanted.empty() ? "" : " or ", ToAbsl(task));
  }
  absl::Status wrong = FieldError(
      Reason::INVALID_REQUEST, "model_id",
      StrCat("model '", model.id(), "' is a ", model.manifest().task(), " model; this method needs one for ", wanted));
  admitted->End(wrong);
  return wrong;
}

std::function<absl::Status(ModelVersion&)> PrepareVersions(Scheduler& scheduler,
                                                           const std::vector<std::unique_ptr<ModelTask>>& tasks,
                                                           const Clock& clock) {
  return [&scheduler, &tasks, &clock](ModelVersion& version) -> absl::Status {
    const Manifest& manifest = version.manifest();
    for (const auto& task : tasks) {
      if (task->name() != manifest.task()) continue;
      ASSIGN_OR_RETURN(auto runner, task->MakeRunner(version));
      const QueueId queue = scheduler.AddQueue(
          {.name = version.name(), .max_items = manifest.queue().max_items(), .max_batch = manifest.max_batch()},
          std::move(runner));
      version.set_companion(std::make_unique<Runtime>(scheduler, queue, clock));
      return absl::OkStatus();
    }
    return Error(Reason::MODEL_UNAVAILABLE, StrCat("no task is named '", manifest.task(), "'"));
  };
}

}  // namespace sluice
