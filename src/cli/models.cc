// sluice models: what a models folder holds, and whether it loads.
#include <cstdio>

#include "base/error.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "lists.h"

namespace sluice::cli {
namespace {

int ListModels(const std::string& root) {
  const auto engines = MakeEngines();
  Repository repository({.roots = {root}}, Pointers(engines));
  if (const absl::Status loaded = repository.Load(); !loaded.ok()) {
    std::fprintf(stderr, "sluice: %s\n", std::string(loaded.message()).c_str());
    return 1;
  }
  std::printf("%-32s %-8s %-22s %-10s %s\n", "model", "version", "task", "state", "");
  for (const ModelInfo& model : repository.List()) {
    const std::string note = model.alias_of.empty() ? (model.reason.empty() ? model.description : model.reason)
                                                    : "alias of " + model.alias_of;
    std::printf("%-32s %-8s %-22s %-10s %s\n", model.id.c_str(), model.version.c_str(), model.task.c_str(),
                std::string(ToString(model.state)).c_str(), note.c_str());
  }
  return 0;
}

}  // namespace

void AddModels(CommandLine& line) {
  auto root = std::make_shared<std::string>("models");
  Command command = line.Add("models", "Load every model of a folder and list what came of it");
  command.Add("--models", *root, "Folder of models").ShowDefault();
  command.Run([root] { return ListModels(*root); });
}

}  // namespace sluice::cli
