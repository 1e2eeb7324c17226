// sluice try-model: tries one model's folder as the server does before it serves it. With --child it is the process in
// which that happens; the server and this command start it.
#include <cstdio>
#include <filesystem>

#include "base/config/config.h"
#include "base/error.h"
#include "base/strings.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "door/lists.h"
#include "engine/trial/child.h"
#include "repository/loader.h"

namespace sluice::cli {
namespace {

constexpr int kSomeFailed = 1, kFailed = 2;

std::unique_ptr<Engine> EngineNamed(std::string_view name) {
  for (auto& engine : MakeEngines()) {
    if (engine->name() == name) return std::move(engine);
  }
  return nullptr;
}

int Fail(std::string_view what) {
  std::fprintf(stderr, "sluice: %.*s\n", static_cast<int>(what.size()), what.data());
  return kFailed;
}

int TryModel(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::canonical(folder);
  config::Server options = DefaultConfig();
  options.mutable_models()->set_cache_dir("off");  // whatever is known of it
  const auto found = ScanModels(path.parent_path());
  if (!found.ok()) return Fail(ToStd(found.status().message()));
  const auto trial = MakeTrial(options.models());
  const auto engines = MakeEngines();
  const std::vector<Engine*> pointers = Pointers(engines);
  const Loader::Options loading{.trial = trial.get()};
  for (const FoundModel& model : *found) {
    if (model.id != path.filename()) continue;
    bool all = true;
    for (const ModelInfo& line : Loader(loading, pointers).Load(model, /*again=*/true)) {
      all = all && line.state == ModelState::kServing;
      std::printf("%s@%s %s %s: %s\n", line.id.c_str(), line.version.c_str(), std::string(ToString(line.state)).c_str(),
                  line.engine.c_str(), line.reason.c_str());
    }
    return all ? 0 : kSomeFailed;
  }
  return Fail(folder + " is not a model's folder: it contains neither model.yaml nor a version folder");
}

}  // namespace

void AddTryModel(CommandLine& line) {
  auto folder = std::make_shared<std::string>();
  auto child = std::make_shared<bool>(false);
  Command command = line.Add("try-model", "Try a model in child processes, as the server does before serving it");
  command.Add("DIR", *folder, "The model's folder: models/<id>").ExistingFolder();
  command.Add("--child", *child, "Run as the child").Hidden();
  command.Footer(
      "Exit code: 0: every version can be served; 1: one cannot, and its line says why; 2: there is no such model.");
  command.Run([folder, child] { return *child ? trial::ChildMain(&EngineNamed) : TryModel(*folder); },
              [folder, child] { return std::string(*child || !folder->empty() ? "" : "DIR is missing: models/<id>"); });
}

}  // namespace sluice::cli
