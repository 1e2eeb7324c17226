// sluice doctor: looks at a configuration, this machine, the models and a running server, and says what to do.
#include <cstdio>

#include "base/config/config.h"
#include "base/log/log.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/doctor/models.h"
#include "cli/doctor/running.h"
#include "cli/doctor/system.h"
#include "door/weights.h"

namespace sluice::cli {
namespace {

using doctor::Finding;
using doctor::Findings;

struct DoctorFlags {
  std::string config, models, server;
  bool quick = false;
};

Findings Look(const DoctorFlags& flags) {
  Findings findings;
  const auto add = [&findings](Findings more) {
    for (Finding& finding : more) findings.push_back(std::move(finding));
  };
  auto options = LoadConfig(flags.config);
  if (!options.ok()) {
    return {doctor::Problem("config", std::string(options.status().message()), "mend what it names")};
  }
  findings.push_back(doctor::Good("config", flags.config.empty() ? "the defaults" : flags.config + " is valid"));
  if (!flags.models.empty()) options->mutable_models()->set_root(flags.models);
  if (const auto weights = WeightsOf(options->overload()); !weights.ok())
    add({doctor::Problem("config", std::string(weights.status().message()), "mend what it names")});
  add(doctor::CheckMachine(*options));
  add(doctor::CheckListeners(*options));
  if (!flags.quick) add(doctor::CheckModels(*options));
  if (!flags.server.empty()) add(doctor::CheckRunning(flags.server));
  return findings;
}

// The number of problems.
int Show(const Findings& findings) {
  int problems = 0, hints = 0;
  for (const Finding& finding : findings) {
    constexpr const char* kMarks[] = {"ok     ", "hint   ", "PROBLEM"};
    std::printf("%s  %s: %s\n", kMarks[static_cast<int>(finding.level)], finding.about.c_str(), finding.text.c_str());
    if (!finding.to_do.empty()) std::printf("         -> %s\n", finding.to_do.c_str());
    problems += finding.level == Finding::Level::kProblem ? 1 : 0;
    hints += finding.level == Finding::Level::kHint ? 1 : 0;
  }
  std::printf("\n%d problem%s, %d hint%s\n", problems, problems == 1 ? "" : "s", hints, hints == 1 ? "" : "s");
  return problems;
}

}  // namespace

void AddDoctor(CommandLine& line) {
  auto flags = std::make_shared<DoctorFlags>();
  Command command = line.Add("doctor", "Check a configuration, this machine, the models and a running server");
  command.Add("--config", flags->config, "Configuration file (YAML); without one, the defaults");
  command.Add("--models", flags->models, "Models folder");
  command.Add("--server", flags->server, "HOST:PORT of a running server to look at, too");
  command.Add("--quick", flags->quick, "Do not load the models, which takes seconds");
  command.Run([flags] {
    SetLogLevel(LogLevel::kError);
    return Show(Look(*flags)) > 0 ? 1 : 0;
  });
}

}  // namespace sluice::cli
