// The sub-commands of `sluice`. Each adds itself to the command line and runs when it was chosen.
#pragma once

#include <functional>
#include <memory>

namespace CLI {
class App;
}

namespace sluice::cli {

// Runs the chosen command; its result is the exit code of the process.
using Run = std::function<int()>;

// Adds the sub-command to `app` and sets `run` when it is chosen.
void AddServe(CLI::App& app, Run& run);
void AddRecognize(CLI::App& app, Run& run);
void AddClassify(CLI::App& app, Run& run);
void AddBatch(CLI::App& app, Run& run);
void AddModels(CLI::App& app, Run& run);
void AddOpenApi(CLI::App& app, Run& run);

}  // namespace sluice::cli
