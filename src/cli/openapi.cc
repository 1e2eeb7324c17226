// sluice openapi: the OpenAPI document of this program, as /openapi.json serves it.
#include <cstdio>

#include "base/config/config.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "door/server.h"

namespace sluice::cli {
namespace {

int Print() {
  config::Server options = DefaultConfig();
  options.mutable_logs()->set_access("off");
  const auto document = Server::OpenApiDocument(options);
  if (!document.ok()) {
    std::fprintf(stderr, "sluice: %s\n", std::string(document.status().message()).c_str());
    return 1;
  }
  std::puts(document->c_str());
  return 0;
}

}  // namespace

void AddOpenApi(CommandLine& line) {
  line.Add("openapi", "Print the OpenAPI document of every REST path").Run([] { return Print(); });
}

}  // namespace sluice::cli
