#include "repository/repository.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
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
  for (const std::string& root : options_.roots) {
    const auto found = ScanModels(root);
    if (!found.ok()) {
      result.Update(found.status());
      continue;
    }
    for (const FoundModel& model : *found) {
      if (!seen.insert(model.id).second) continue;
      std::vector<ModelInfo> lines = LoadFound(model);
      std::move(lines.begin(), lines.end(), std::back_inserter(models));
    }
  }
  Swap(std::move(models));
  return result;
}

std::vector<ModelInfo> Repository::LoadFound(const FoundModel& model) const {
  const Loader::Options options{options_.cache_dir, options_.workers, options_.prepare};
  return Loader(options, engines_).Load(model);
}

void Repository::Swap(std::vector<ModelInfo> models) {
  std::stable_sort(models.begin(), models.end(), [](const ModelInfo& a, const ModelInfo& b) { return a.id < b.id; });
  auto next = std::make_shared<const LiveSet>(std::move(models));
  {
    std::lock_guard lock(live_mutex_);
    live_.swap(next);
  }
  // `next` holds the old set: its last versions are destroyed here, without the lock.
}

void Repository::Replace(std::string_view id, std::vector<ModelInfo> lines) {
  std::vector<ModelInfo> models = List();
  std::erase_if(models, [id](const ModelInfo& info) { return info.id == id; });
  std::move(lines.begin(), lines.end(), std::back_inserter(models));
  Swap(std::move(models));
}

absl::Status Repository::LoadModel(std::string_view id) {
  std::lock_guard loading(load_mutex_);
  for (const std::string& root : options_.roots) {
    const auto found = ScanModels(root);
    if (!found.ok()) continue;
    const auto model = std::find_if(found->begin(), found->end(), [id](const FoundModel& m) { return m.id == id; });
    if (model == found->end()) continue;
    std::vector<ModelInfo> lines = LoadFound(*model);
    const auto serves = [](const ModelInfo& info) { return info.state == ModelState::kServing; };
    const bool any = std::any_of(lines.begin(), lines.end(), serves);
    const std::string reason = lines.empty() ? "" : lines.front().reason;
    if (any || !Resolve(id).ok()) Replace(id, std::move(lines));
    return any ? absl::OkStatus() : Error(Reason::MODEL_FAILED, StrCat("model '", id, "' cannot be loaded: ", reason));
  }
  return Error(Reason::MODEL_NOT_FOUND, StrCat("there is no folder of a model '", LiveSet::Printable(id), "'"));
}

absl::Status Repository::UnloadModel(std::string_view id) {
  std::lock_guard loading(load_mutex_);
  const std::vector<ModelInfo> models = List();
  const auto known = std::find_if(models.begin(), models.end(), [id](const ModelInfo& info) { return info.id == id; });
  if (known == models.end()) {
    return Error(Reason::MODEL_NOT_FOUND, StrCat("model '", LiveSet::Printable(id), "' does not exist"));
  }
  ModelInfo line = *known;
  line.version.clear();
  line.alias_of.clear();
  line.handle.reset();
  line.state = ModelState::kUnloaded;
  line.reason = "unloaded";
  Replace(id, {std::move(line)});
  return absl::OkStatus();
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
