// sluice serve: runs the server until SIGINT or SIGTERM.
#include <unistd.h>

#include <cstdio>

#include "base/config/config.h"
#include "base/error.h"
#include "base/exhaustion.h"
#include "base/log/log.h"
#include "base/service/manager.h"
#include "base/signals.h"
#include "base/strings.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "door/server.h"

namespace sluice::cli {
namespace {

struct ServeFlags {
  std::string config;
  std::vector<std::string> listen;
  std::string models;
};

absl::StatusOr<config::Server> Configuration(const ServeFlags& flags, Pipes pipes) {
  auto options = LoadConfig(flags.config, pipes);
  if (!options.ok()) return options;
  if (!flags.models.empty()) options->mutable_models()->set_root(flags.models);
  if (flags.listen.empty()) return options;
  options->clear_listeners();
  for (const std::string& address : flags.listen) options->add_listeners()->set_address(address);
  return options;
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "sluice: %s\n", std::string(status.message()).c_str());
  return 1;
}

// OpenVINO reads /proc, and so does the loading of models; without it and /sys OpenVINO spins for ever.
absl::Status CheckSystem() {
  for (const char* path : {"/proc/self/fd", "/proc/stat"}) {
    if (access(path, R_OK) == 0) continue;
    return Error(Reason::INTERNAL, StrCat("cannot read ", path,
                                          ": models need /proc and /sys. In a chroot or your own container, "
                                          "mount them: mount -t proc proc /proc; mount -t sysfs sys /sys"));
  }
  return absl::OkStatus();
}

int Serve(const ServeFlags& flags) {
  EndInASentence();
  Signals signals;
  const ServiceManager manager = ServiceManager::FromEnvironment();
  const auto options = Configuration(flags, Pipes::kRead);
  if (!options.ok()) return Fail(options.status());
  if (absl::Status status = CheckSystem(); !status.ok()) return Fail(status);
  auto server = Server::Start(*options, [flags] { return Configuration(flags, Pipes::kRefuse); });
  if (!server.ok()) return Fail(server.status());
  signals.OnReopen([&server, &manager] {
    manager.Reloading();
    (*server)->Reload();
    manager.Ready();
  });
  signals.Serving();
  for (const std::string& address : (*server)->addresses()) std::printf("listening on %s\n", address.c_str());
  std::printf("ready\n");
  std::fflush(stdout);
  // Twice in the time after which a hanging process is restarted.
  if (manager.watchdog() > Duration()) (*server)->Watch(manager.watchdog() / 2, [&manager] { manager.Alive(); });
  manager.Ready();

  LogInfo("server.draining", {{"signal", signals.Wait()}});
  manager.Stopping();
  const bool clean = (*server)->Drain();
  signals.OnReopen(nullptr);
  server->reset();
  LogInfo("server.stopped", {{"clean", clean}});
  FlushLog(std::chrono::seconds(1));
  return 0;
}

}  // namespace

void AddServe(CommandLine& line) {
  auto flags = std::make_shared<ServeFlags>();
  Command command = line.Add("serve", "Run the server until SIGINT or SIGTERM");
  command.Add("--config", flags->config, "Configuration file (YAML); without one, the defaults apply").ExistingFile();
  command.Add("--listen", flags->listen,
              "HOST:PORT, may be repeated; port 0 picks a free one. Overrides the file's listeners");
  command.Add("--models", flags->models, "Models folder").ExistingFolder();
  command.Serve([flags] { return Serve(*flags); });
}

}  // namespace sluice::cli
