#include "repository/repository.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "base/memory.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/thread.h"
#include "repository/loader.h"
#include "repository/scan.h"

namespace sluice {
namespace {

bool Serves(const ModelInfo& info) { return info.state == ModelState::kServing; }

// "version 2: cannot read the model file; version 3: ..."
std::string ReasonsOf(const std::vector<ModelInfo>& lines) {
  std::string reasons;
  for (const ModelInfo& line : lines) {
    if (Serves(line)) continue;
    const std::string version = lines.size() > 1 ? StrCat("version ", line.version, ": ") : std::string();
    absl::StrAppend(&reasons, reasons.empty() ? "" : "; ", version, line.reason);
  }
  return reasons;
}

}  // namespace

Repository::Repository(Options options, std::vector<Engine*> engines)
    : options_(std::move(options)),
      engines_(std::move(engines)),
      live_(std::make_shared<LiveSet>(std::vector<ModelInfo>())) {}

absl::Status Repository::Load() {
  std::lock_guard loading(load_mutex_);
  absl::Status result;
  std::set<std::string> seen;
  std::vector<FoundModel> all;
  for (const std::string& root : options_.roots) {
    auto found = ScanModels(root);
    if (!found.ok()) {
      result.Update(found.status());
      continue;
    }
    std::copy_if(std::move_iterator(found->begin()), std::move_iterator(found->end()), std::back_inserter(all),
                 [&seen](const FoundModel& model) { return seen.insert(model.id).second; });
  }
  std::vector<ModelInfo> models;
  for (std::vector<ModelInfo>& lines : LoadAll(all)) std::move(lines.begin(), lines.end(), std::back_inserter(models));
  Swap(std::move(models));
  ReturnFreedMemory();  // compiling leaves several times what serving needs
  return result;
}

// By model, in their order.
std::vector<std::vector<ModelInfo>> Repository::LoadAll(const std::vector<FoundModel>& models) const {
  std::vector<std::vector<ModelInfo>> lines(models.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < models.size(); i = next++) lines[i] = LoadFound(models[i], /*again=*/false);
  };
  std::vector<std::unique_ptr<Thread>> others;
  for (size_t i = 1; i < std::min<size_t>(std::max(1, options_.loaders), models.size()); ++i)
    others.push_back(std::make_unique<Thread>(StrCat("load-", i), kLoopNice, work));
  work();
  others.clear();  // waits for them
  return lines;
}

std::vector<ModelInfo> Repository::LoadFound(const FoundModel& model, bool again) const {
  const Loader::Options options{options_.cache_dir, options_.workers, options_.prepare, options_.trial};
  std::vector<ModelInfo> lines = Loader(options, engines_).Load(model, again);
  if (model.is_model && !model.problem.empty() && !lines.empty() && Serves(lines.front()))
    LogWarning("model.folder_left_out", {{"model", Excerpt(model.id, 255)}, {"reason", Excerpt(model.problem, 800)}});
  return lines;
}

void Repository::Swap(std::vector<ModelInfo> models) {
  std::stable_sort(models.begin(), models.end(), [](const ModelInfo& a, const ModelInfo& b) { return a.id < b.id; });
  auto next = std::make_shared<const LiveSet>(std::move(models));
  {
    std::lock_guard lock(live_mutex_);
    live_.swap(next);
  }
  if (options_.changed) options_.changed();
  // `next` holds the old set: its last versions are destroyed here, without the lock.
}

void Repository::Replace(std::string_view id, std::vector<ModelInfo> lines) {
  std::vector<ModelInfo> models = List();
  std::erase_if(models, [id](const ModelInfo& info) { return info.id == id; });
  std::move(lines.begin(), lines.end(), std::back_inserter(models));
  Swap(std::move(models));
}

// Where a version failed, the one that served under its number goes on.
void Repository::KeepOld(std::string_view id, std::vector<ModelInfo>& lines) const {
  for (ModelInfo& line : lines) {
    if (Serves(line) || line.version.empty()) continue;
    const auto old = Resolve(id, line.version);
    if (!old.ok()) continue;
    const std::vector<ModelInfo> before = List();
    const auto same = std::find_if(before.begin(), before.end(), [&old](const ModelInfo& info) {
      return info.handle == *old && info.alias_of.empty();
    });
    if (same != before.end()) line = *same;
  }
}

absl::Status Repository::LoadModel(std::string_view id) {
  std::lock_guard loading(load_mutex_);
  for (const std::string& root : options_.roots) {
    const auto found = ScanModels(root);
    if (!found.ok()) continue;
    const auto model = std::find_if(found->begin(), found->end(), [id](const FoundModel& m) { return m.id == id; });
    if (model == found->end()) continue;
    std::vector<ModelInfo> lines = LoadFound(*model, /*again=*/true);
    const bool any = std::any_of(lines.begin(), lines.end(), Serves);
    const std::string reasons = ReasonsOf(lines);
    KeepOld(id, lines);
    if (any || !Resolve(id).ok()) Replace(Excerpt(id, 255), std::move(lines));
    ReturnFreedMemory();
    if (reasons.empty()) return absl::OkStatus();
    return Error(Reason::MODEL_FAILED,
                 StrCat("model '", Excerpt(id), any ? "' is only partly loaded: " : "' cannot be loaded: ", reasons));
  }
  return Error(Reason::MODEL_NOT_FOUND, StrCat("there is no folder for a model '", Excerpt(id), "'"));
}

absl::Status Repository::UnloadModel(std::string_view id) {
  std::lock_guard loading(load_mutex_);
  const std::vector<ModelInfo> models = List();
  const auto known = std::find_if(models.begin(), models.end(), [id](const ModelInfo& info) { return info.id == id; });
  if (known == models.end()) {
    return Error(Reason::MODEL_NOT_FOUND, StrCat("model '", Excerpt(id), "' does not exist"));
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

std::string Repository::FallbackOf(std::string_view id) const {
  const auto now = live();
  for (const ModelInfo& model : now->models()) {
    if (model.id == id && !model.fallback.empty()) return model.fallback;
  }
  return {};
}

std::vector<ModelInfo> Repository::List() const { return live()->models(); }

}  // namespace sluice
