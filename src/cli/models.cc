// sluice models: what a models folder holds, and whether it loads.
#include <cstdio>
#include <thread>

#include "base/config/config.h"
#include "base/config/installation.h"
#include "base/error.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "door/lists.h"

namespace sluice::cli {
namespace {

// What an operator wants to know of a line besides its state.
std::string NoteOf(const ModelInfo& model) {
  if (!model.alias_of.empty()) return "alias of " + model.alias_of;
  if (model.state != ModelState::kServing || !model.reason.empty()) return model.reason;
  return model.description;
}

// `tried`: where what the trials find is written for a package; empty: nowhere.
int ListModels(const std::string& root, const std::string& tried) {
  const auto engines = MakeEngines();
  const auto trial = MakeTrial(DefaultConfig().models(), tried);
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  Repository repository({.roots = {root}, .trial = trial.get(), .loaders = cores}, Pointers(engines));
  if (const absl::Status loaded = repository.Load(); !loaded.ok()) {
    std::fprintf(stderr, "sluice: %s\n", std::string(loaded.message()).c_str());
    return 1;
  }
  std::printf("%-32s %-8s %-22s %-10s %-12s %s\n", "model", "version", "task", "state", "engine", "");
  const std::vector<ModelInfo> models = repository.List();
  for (const ModelInfo& model : models) {
    if (model.fetchable) continue;
    std::printf("%-32s %-8s %-22s %-10s %-12s %s\n", model.id.c_str(), model.version.c_str(), model.task.c_str(),
                std::string(ToString(model.state)).c_str(), model.engine.c_str(), NoteOf(model).c_str());
  }
  if (const std::string ids = FetchableIn(models); !ids.empty())
    std::printf("\nNot fetched: %s. To fetch one: python3 tools/get_models.py ID\n", ids.c_str());
  return 0;
}

}  // namespace

void AddModels(CommandLine& line) {
  auto root = std::make_shared<std::string>(DefaultModels());
  auto tried = std::make_shared<std::string>();
  Command command = line.Add("models", "Load every model in a folder and list the results");
  command.Add("--models", *root, "Models folder").ShowDefault();
  command.Add("--tried", *tried, "Folder for what the trials find, as a package brings it").Hidden();
  command.Run([root, tried] { return ListModels(*root, *tried); });
}

}  // namespace sluice::cli
