// sluice bench: offers a running server more or less than it can do, and shows what becomes of the calls.
#include <absl/strings/str_format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"
#include "cli/bench/plot.h"
#include "cli/bench/run.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/picture_file.h"

namespace sluice::cli {
namespace {

using namespace bench;

struct Flags {
  RunOptions run;
  std::string json, plot, title, name = "goodput";
  std::vector<std::string> beside;
  bool quiet = false;
};

absl::Status Write(const std::string& path, const std::string& text) {
  if (path.empty()) return absl::OkStatus();
  std::ofstream out(path, std::ios::binary);
  if (out << text) return absl::OkStatus();
  return Error(Reason::INVALID_REQUEST, StrCat("cannot write ", path));
}

absl::StatusOr<std::string> Plot(const Flags& flags, const RunReport& report) {
  std::vector<Curve> curves = {{.name = flags.name}};
  for (const StepReport& step : report.steps) {
    curves[0].points.push_back({step.step->per_second / step.step->capacity, GoodputOf(step) / step.step->capacity});
  }
  for (const std::string& one : flags.beside) {
    const size_t equals = one.find('=');
    if (equals == std::string::npos) return Error(Reason::INVALID_REQUEST, "--beside takes NAME=FILE");
    ASSIGN_OR_RETURN(const std::string json, ReadFile(one.substr(equals + 1)));
    ASSIGN_OR_RETURN(Curve curve, CurveOf(one.substr(0, equals), json));
    curves.push_back(std::move(curve));
  }
  return PlotOf(flags.title.empty() ? report.what : flags.title, curves);
}

absl::Status RunBench(const Flags& flags) {
  std::signal(SIGPIPE, SIG_IGN);  // sendfile knows no MSG_NOSIGNAL
  ASSIGN_OR_RETURN(const auto run, Run::Create(flags.run));
  RETURN_IF_ERROR(run->Measure());
  const RunReport report = run->Report();
  std::printf("%s", TableOf(report).c_str());
  RETURN_IF_ERROR(Write(flags.json, JsonOf(report)));
  if (flags.plot.empty()) return absl::OkStatus();
  if (CapacityOf(report) <= 0) return Error(Reason::INVALID_REQUEST, "--plot needs a capacity: --capacity N");
  ASSIGN_OR_RETURN(const std::string svg, Plot(flags, report));
  return Write(flags.plot, svg);
}

int Bench(Flags& flags) {
  SetLogLevel(LogLevel::kError);  // the loop's slow turns are in the table, as lag
  flags.run.show_progress = !flags.quiet && isatty(STDERR_FILENO) == 1;
  const absl::Status status = RunBench(flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "sluice: %s\n", std::string(status.message()).c_str());
  return 1;
}

// Empty when nothing is wrong.
std::string Check(const Flags& flags) {
  if (flags.run.spacing != "poisson" && flags.run.spacing != "constant")
    return "--arrivals must be poisson or constant";
  if (flags.run.retry != "none" && flags.run.retry != "policy") return "--retry must be none or policy";
  if (flags.run.seconds <= 0 || flags.run.pause < 0) return "--seconds must be above 0, --pause 0 or more";
  return "";
}

}  // namespace

void AddBench(CommandLine& line) {
  auto flags = std::make_shared<Flags>();
  Command command =
      line.Add("bench", "Send a server calls at set rates, however it responds (open loop), and count the outcomes");
  command.Add("METHOD", flags->run.work.method, "recognize, classify or health").ShowDefault();
  command.Add("--server", flags->run.server, "Address of a running server").ShowDefault();
  command.Add("--input", flags->run.work.input, "recognize: an image; classify: a file of texts, one per line")
      .ExistingFile();
  command.Add("--model", flags->run.work.model, "Model id; by default the method's own");
  command.Add("--texts", flags->run.work.texts, "Texts per classify call").Range(1, 100).ShowDefault();
  command.Add("--protocol", flags->run.work.protocol, "rest (an image as it is), json (in base64) or grpc")
      .ShowDefault();
  command.Add("--http2", flags->run.http2, "REST over HTTP/2; gRPC always uses it");
  command
      .Add("--rate", flags->run.rate,
           "Calls per second, or 2x of the capacity; several steps as 0.5x,1x,300,20x:10, where :10 is a step's own "
           "seconds")
      .ShowDefault();
  command.Add("--seconds", flags->run.seconds, "Of a step").ShowDefault();
  command.Add("--pause", flags->run.pause, "Seconds without arrivals after a step").ShowDefault();
  command
      .Add("--capacity", flags->run.capacity,
           "Calls per second, or auto: measured before each step, with --concurrency calls always under way")
      .ShowDefault();
  command.Add("--concurrency", flags->run.concurrency, "For the capacity").Range(1, 1024).ShowDefault();
  command.Add("--arrivals", flags->run.spacing, "poisson or constant").ShowDefault();
  command.Add("--deadline-ms", flags->run.deadline_ms, "Of each call; the server is told how much is left. 0: none")
      .Range(0, 600000)
      .ShowDefault();
  command.Add("--classes", flags->run.classes, "Sent as X-Sluice-Class, for example live=8,batch=2");
  command.Add("--principals", flags->run.principals,
              "Who calls, with weights: addresses of this machine (127.0.0.2=20,127.0.0.3), xff:ADDRESS "
              "(X-Forwarded-For) or key:SECRET");
  command
      .Add("--retry", flags->run.retry,
           "none, or policy: send refused calls again when the server says so, at most one for ten good answers")
      .ShowDefault();
  command.Add("--connections", flags->run.connections, "At most, from each address; by default 256, over HTTP/2 8")
      .Range(0, 10000);
  command.Add("--server-pid", flags->run.server_pid, "A process of this machine, whose CPU time is reported")
      .Range(0, 1 << 30);
  command
      .Add("--timeline-ms", flags->run.window_ms,
           "Add to --json what became of the calls, for each window of so many ms")
      .Range(0, 60000);
  command.Add("--json", flags->json, "Write the numbers to this file");
  command.Add("--plot", flags->plot, "Write goodput against offered load to this SVG file");
  command.Add("--beside", flags->beside, "NAME=FILE: draw the run that --json wrote to FILE, too");
  command.Add("--title", flags->title, "Of the plot");
  command.Add("--name", flags->name, "Of this run in the plot").ShowDefault();
  command.Add("--seed", flags->run.seed, "The same seed makes the same arrivals; 0: others each time")
      .Range(0, 1 << 30);
  command.Add("--quiet", flags->quiet, "No progress bar");
  command.Footer(
      "ok: answered well within the deadline, counted from when the call should have begun. Refused: 429, 503, "
      "RESOURCE_EXHAUSTED,\n"
      "UNAVAILABLE. Late: answered after the deadline, or not at all by then. Unsent: the deadline passed before a "
      "connection was free.");
  command.Run([flags] { return Bench(*flags); }, [flags] { return Check(*flags); });
}

}  // namespace sluice::cli
