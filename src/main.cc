// sluice: `serve` runs the server, the other sub-commands are its clients and tools.
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "engine/onnxruntime/telemetry.h"

int main(int argc, char** argv) {
  sluice::DisableTelemetry();
  CLI::App app("Sluice: an inference API server for gRPC, REST and live streams");
  app.require_subcommand(1);
  sluice::cli::Run run;
  sluice::cli::AddServe(app, run);
  sluice::cli::AddRecognize(app, run);
  sluice::cli::AddClassify(app, run);
  sluice::cli::AddBatch(app, run);
  sluice::cli::AddModels(app, run);
  sluice::cli::AddOpenApi(app, run);
  CLI11_PARSE(app, argc, argv);
  return run();
}
