// sluice serve: runs the server until SIGINT or SIGTERM.
#include <csignal>
#include <cstdio>

#include "base/config/config.h"
#include "base/log/log.h"
#include "base/memory.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "server.h"

namespace sluice::cli {
namespace {

struct ServeFlags {
  std::string config;
  std::vector<std::string> listen;
  std::string models;
};

// Blocks the signals for every thread that is made later; WaitForSignal takes them.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

absl::StatusOr<config::Server> Configuration(const ServeFlags& flags) {
  auto options = LoadConfig(flags.config);
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

int Serve(const ServeFlags& flags) {
  KeepFreedMemory();
  const sigset_t signals = BlockSignals();
  const auto options = Configuration(flags);
  if (!options.ok()) return Fail(options.status());
  auto server = Server::Start(*options);
  if (!server.ok()) return Fail(server.status());
  for (const std::string& address : (*server)->addresses()) std::printf("listening on %s\n", address.c_str());
  std::printf("ready\n");
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  LogInfo("server.draining", {{"signal", signal}});
  // A second signal ends a drain that takes too long.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  const bool clean = (*server)->Drain();
  server->reset();
  LogInfo("server.stopped", {{"clean", clean}});
  FlushLog(std::chrono::seconds(1));
  return 0;
}

}  // namespace

void AddServe(CommandLine& line) {
  auto flags = std::make_shared<ServeFlags>();
  Command command = line.Add("serve", "Run the server until SIGINT or SIGTERM");
  command.Add("--config", flags->config, "Configuration file (YAML); without it the defaults").ExistingFile();
  command.Add("--listen", flags->listen,
              "HOST:PORT, may be repeated; port 0 picks one. Replaces the listeners of the file");
  command.Add("--models", flags->models, "Folder of models").ExistingFolder();
  command.Run([flags] { return Serve(*flags); });
}

}  // namespace sluice::cli
