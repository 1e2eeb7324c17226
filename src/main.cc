// sluice: `serve` runs the server, the other sub-commands are its clients and tools.
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/version.h"
#include "engine/onnxruntime/telemetry.h"

int main(int argc, char** argv) {
  using namespace sluice;
  DisableTelemetry();
  cli::CommandLine line("Sluice: an inference API server for gRPC, REST and live streams", cli::VersionText);
  cli::AddServe(line);
  cli::AddRecognize(line);
  cli::AddClassify(line);
  cli::AddBatch(line);
  cli::AddBench(line);
  cli::AddModels(line);
  cli::AddLogs(line);
  cli::AddDoctor(line);
  cli::AddHealthcheck(line);
  cli::AddTryModel(line);
  cli::AddOpenApi(line);
  return line.Run(argc, argv);
}
