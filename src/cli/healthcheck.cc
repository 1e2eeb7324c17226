// sluice healthcheck: whether a server is ready, as an exit code; for containers, which have no curl.
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/strings.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/http_client.h"

namespace sluice::cli {
namespace {

struct Flags {
  std::string server = "http://127.0.0.1:8000";
  int timeout_ms = 2000;
  bool alive = false;
};

int Healthcheck(const Flags& flags) {
  const auto answer = HttpGet(flags.server, flags.alive ? "/healthz" : "/readyz", absl::Milliseconds(flags.timeout_ms));
  if (answer.ok() && answer->status == 200) return 0;
  const std::string why = answer.ok() ? StrCat(flags.server, " answered ", answer->status, ": ", answer->body)
                                      : std::string(answer.status().message());
  std::fprintf(stderr, "sluice: %s\n", why.c_str());
  return 1;
}

}  // namespace

void AddHealthcheck(CommandLine& line) {
  auto flags = std::make_shared<Flags>();
  Command command = line.Add("healthcheck", "Ask a running server whether it is ready; exit code 0 if it is, else 1");
  command.Add("--server", flags->server, "Any address of it, without TLS").ShowDefault();
  command.Add("--timeout-ms", flags->timeout_ms, "How long to wait for the answer").ShowDefault().Range(1, 60'000);
  command.Add("--alive", flags->alive, "Ask whether it is alive instead, which it is while it drains, too");
  command.Run([flags] { return Healthcheck(*flags); });
}

}  // namespace sluice::cli
