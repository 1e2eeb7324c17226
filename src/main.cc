// sluice: `serve` runs the server, the other sub-commands are its clients and tools.
#include <cstdlib>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/version.h"
#include "engine/onnxruntime/telemetry.h"

// jemalloc reads it. Freed memory stays for the next call, and goes back to the system within about a second, by a
// thread of its own: kept for ever, what one burst needed would be missing elsewhere; given back at once, a call of
// 1 MB costs 400 page faults, more than all the rest. Large blocks are no exception, and address space goes back, too:
// it may have a limit. (docs/adr/0009)
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "background_thread:true,max_background_threads:1,dirty_decay_ms:1000,muzzy_decay_ms:0,oversize_threshold:0,"
    "retain:false";
}

namespace {

// OpenVINO's TBB opens its parts so (RTLD_DEEPBIND) that they free by the C library what our allocator gave, unless a
// sanitizer is said to be there.
void ShareAllocator() { setenv("TBB_ENABLE_SANITIZERS", "1", /*overwrite=*/1); }

}  // namespace

int main(int argc, char** argv) {
  using namespace sluice;
  DisableTelemetry();
  ShareAllocator();
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
