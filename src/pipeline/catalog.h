// The models as an API shows and manages them: what there is, what a version did, loading and unloading.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/executor.h"
#include "pipeline/statistics.h"
#include "repository/repository.h"

namespace sluice {

// Thread-safe.
class ModelCatalog {
 public:
  // Both outlive the catalog. Models are loaded and unloaded by `changes`, one after the other: slow tasks.
  ModelCatalog(Repository& repository, Executor& changes) : repository_(repository), changes_(changes) {}

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
  // Null for a version that was not prepared. Lives as long as the version.
  static const UseStatistics::Stages* StagesOf(const ModelVersion& version);

  // `done` gets the outcome, where it was done. OVERLOADED when too many wait, and then `done` does not run. What was
  // stopped before its turn is CANCELLED; what has begun ends.
  using Done = absl::AnyInvocable<void(absl::Status)>;
  absl::Status Load(std::string id, std::stop_token stop, Done done);
  absl::Status Unload(std::string id, std::stop_token stop, Done done);

 private:
  using Step = absl::Status (Repository::*)(std::string_view id);
  absl::Status Change(Step step, const char* event, std::string id, std::stop_token stop, Done done);

  Repository& repository_;
  Executor& changes_;
  std::atomic<int> waiting_{0};
};

}  // namespace sluice
