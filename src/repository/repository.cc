#include "repository/repository.h"

#include <algorithm>
#include <set>
#include <utility>

#include "repository/loader.h"
#include "repository/scan.h"

namespace sluice {

Repository::Repository(Options options, std::vector<Engine*> engines)
    : options_(std::move(options)),
      engines_(std::move(engines)),
      live_(std::make_shared<LiveSet>(std::vector<ModelInfo>())) {}

absl::Status Repository::Load() {
  std::lock_guard loading(load_mutex_);
  absl::Status result;
  std::set<std::string> seen;
  std::vector<ModelInfo> models;
  const Loader::Options loader_options{options_.cache_dir, options_.workers, options_.prepare};
  const Loader loader(loader_options, engines_);
  for (const std::string& root : options_.roots) {
    const auto found = ScanModels(root);
    if (!found.ok()) {
      result.Update(found.status());
      continue;
    }
    for (const FoundModel& model : *found) {
      if (!seen.insert(model.id).second) continue;
      std::vector<ModelInfo> lines = loader.Load(model);
      std::move(lines.begin(), lines.end(), std::back_inserter(models));
    }
  }
  std::stable_sort(models.begin(), models.end(), [](const ModelInfo& a, const ModelInfo& b) { return a.id < b.id; });
  auto next = std::make_shared<const LiveSet>(std::move(models));
  {
    std::lock_guard lock(live_mutex_);
    live_.swap(next);
  }
  return result;  // `next` holds the old set: its last versions are destroyed here, without the lock
}

std::shared_ptr<const LiveSet> Repository::live() const {
  std::lock_guard lock(live_mutex_);
  return live_;
}

absl::StatusOr<ModelHandle> Repository::Resolve(std::string_view id, std::string_view version) const {
  return live()->Resolve(id, version);
}

std::vector<ModelInfo> Repository::List() const { return live()->models(); }

}  // namespace sluice
