// What a model does (`task:` in model.yaml): how its jobs are run. One folder per task below pipeline/, one line in
// lists.cc.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "repository/model_version.h"
#include "scheduler/work.h"

namespace sluice {

// Immutable, thread-safe.
class ModelTask {
 public:
  virtual ~ModelTask() = default;
  virtual std::string_view name() const = 0;
  // Prepares a version: checks its signature against the manifest, reads its labels. Loading thread. The runner is used
  // only while jobs pin the version. An error lists the model as failed, with that message.
  virtual absl::StatusOr<std::shared_ptr<WorkRunner>> MakeRunner(const ModelVersion& version) const = 0;
};

}  // namespace sluice
