// The models as an API shows and manages them: what there is, what a version did, loading and unloading.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/executor.h"
#include "base/task_thread.h"
#include "pipeline/statistics.h"
#include "repository/repository.h"

namespace sluice {

// Thread-safe.
class ModelCatalog {
 public:
  // `repository` outlives the catalog.
  explicit ModelCatalog(Repository& repository);

  // Errors as Repository::Resolve.
  absl::StatusOr<ModelHandle> Resolve(std::string_view id, std::string_view version) const {
    return repository_.Resolve(id, version);
  }
  // Everything found, by id and version.
  std::vector<ModelInfo> List() const { return repository_.List(); }
  // Whether one of them serves; see LiveSet::ready.
  bool ready() const { return repository_.ready(); }
  // Since the version was loaded.
  static UseStatistics::Numbers StatisticsOf(const ModelVersion& version);

  // Slow, so on a thread of its own, one after the other: `done` gets the outcome there. OVERLOADED when too many wait, and
  // then `done` does not run; nor does it after Stop().
  using Done = absl::AnyInvocable<void(absl::Status)>;
  absl::Status Load(std::string id, Done done);
  absl::Status Unload(std::string id, Done done);

  // Waits for a change in progress.
  void Stop() { thread_.Stop(); }

 private:
  absl::Status Change(std::function<absl::Status()> change, Done done);

  Repository& repository_;
  std::atomic<int> waiting_{0};
  TaskThread thread_;
};

}  // namespace sluice
