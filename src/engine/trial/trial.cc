#include "engine/trial/trial.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/error.h"
#include "base/log/log.h"
#include "base/process.h"
#include "base/strings.h"
#include "base/text.h"
#include "engine/bytes.h"
#include "engine/shape.h"
#include "engine/trial/process.h"
#include "engine/trial/report.h"
#include "engine/trial/scratch.h"

namespace sluice {
namespace {

namespace wire = ai::inference::trial;
using std::chrono::seconds;
using trial::ChildEnd;
using trial::Outcome;

// Counts up with what a trial looks at: earlier verdicts are then made again.
constexpr int kTrialVersion = 9;
constexpr std::string_view kAnyProcessor = "any processor";
// A child that gets little of a busy machine is not one that hangs.
constexpr int kWallTimes = 6;
// Runs on hostile values may take this long together; what takes longer is not held against a model.
constexpr seconds kHostileTime{2};

absl::StatusOr<UniqueFd> RequestFor(const TrialJob& job, const Engine& engine, uint32_t seconds_max, uint64_t memory) {
  wire::Request request;
  request.set_engine(std::string(engine.name()));
  for (const ModelFiles::File& file : job.files->files()) request.add_files(file.name);
  for (const auto& [name, shape] : job.load.reshape) {
    auto& dims = *(*request.mutable_reshape())[name].mutable_dims();
    dims.Add(shape.begin(), shape.end());
  }
  request.set_threads(job.load.threads_per_inference);
  request.set_trusted_inputs(job.load.trusted_inputs);
  *request.mutable_usual() = job.usual;
  request.set_memory_bytes_max(memory);
  request.set_seconds_max(seconds_max);
  request.set_parent(getpid());
  const std::string bytes = request.SerializeAsString();
  UniqueFd fd(memfd_create("trial", MFD_CLOEXEC));
  if (!fd || write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    return absl::UnavailableError(StrCat("memory cannot be shared with a child process: ", std::strerror(errno)));
  }
  return fd;
}

// When hostile runs began, they end soon. Looks at each piece of the report once.
class HostileWatch {
 public:
  TimePoint operator()(const std::string& bytes, TimePoint now) {
    std::string_view rest = std::string_view(bytes).substr(std::min(seen_, bytes.size())), piece;
    while (until_ == kNever && TakeBytes(rest, piece)) {
      wire::Report report;
      if (report.ParseFromArray(piece.data(), static_cast<int>(piece.size())) && report.hostile())
        until_ = now + kHostileTime;
      seen_ = bytes.size() - rest.size();
    }
    return until_;
  }

 private:
  size_t seen_ = 0;
  TimePoint until_ = kNever;
};

bool IsCrash(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGABRT || signal == SIGILL ||
         signal == SIGTRAP || signal == SIGSYS;
}

void Log(const TrialJob& job, const Outcome& outcome, const std::string& output) {
  if (outcome.failure.empty()) {
    LogInfo("engine.tried", {{"model", job.load.name},
                             {"engine", outcome.engine},
                             {"us_a_run", outcome.report.us_a_run()},
                             {"load_ms", outcome.report.load_ms()},
                             {"memory_bytes", outcome.report.memory_bytes()}});
  } else {
    LogWarning("engine.trial_failed", {{"model", job.load.name},
                                       {"engine", outcome.engine},
                                       {"reason", outcome.failure},
                                       {"output", Excerpt(output, 1000)}});
  }
}

std::string Megabytes(uint64_t bytes) { return StrCat(bytes >> 20, " MiB"); }

// Why the engine cannot serve the model; empty when it can.
std::string FailureOf(const ChildEnd& end, const wire::Report& report, uint32_t seconds_max, uint64_t memory) {
  const bool crash = end.stopped == ChildEnd::Stopped::kNo && IsCrash(end.signal);
  if (report.out_of_memory() && !report.loads())
    return StrCat("the model file needed more than ", Megabytes(memory), " of memory during its trial");
  if (crash && !report.hostile())
    return StrCat("the model file crashed the engine (signal ", end.signal, ") during its trial");
  const bool exits = end.stopped == ChildEnd::Stopped::kNo && end.exit_code != 0;  // the server would go with it, too
  if ((crash || (exits && report.hostile())) && !report.out_of_memory()) {
    const std::string how = crash ? StrCat("signal ", end.signal) : StrCat("exit ", end.exit_code);
    return StrCat("input values that a client may send crash the engine (", how, "), as the trial showed");
  }
  if (report.loads()) return {};  // whatever the outcome of the hostile runs
  if (!report.reason().empty()) return report.reason();
  if (end.stopped == ChildEnd::Stopped::kTimeout || end.signal == SIGXCPU)
    return StrCat("the model file kept the engine busy for more than ", seconds_max, " s during its trial");
  if (end.stopped == ChildEnd::Stopped::kTooMuch)
    return "the model file made the engine write garbage during its trial";
  if (end.signal != 0) return StrCat("the trial of the model file was ended by signal ", end.signal);
  return StrCat("the trial of the model file ended without a result (exit ", end.exit_code, ")");
}

}  // namespace

Trial::Trial(Options options)
    : options_(std::move(options)),
      stamps_(options_.stamps),
      packaged_(options_.packaged),
      publish_(options_.publish) {}

bool Trial::GoOn() const { return !stopped_ && !TerminationPending(); }

uint32_t Trial::SecondsFor(const ModelFiles& files) const {
  return options_.seconds_max + static_cast<uint32_t>(std::min<size_t>(files.bytes() / 10'000'000, 3600));
}

std::string Trial::KeyOf(const TrialJob& job, std::string_view processor) const {
  std::string what = StrCat(kTrialVersion, "\n", SLUICE_VERSION, "\n", processor, "\n", job.files->sha256(), "\n");
  for (const Engine* engine : job.engines) absl::StrAppend(&what, ToAbsl(engine->name()), " ", engine->version(), "\n");
  for (const auto& [name, shape] : job.load.reshape) absl::StrAppend(&what, name, "=", ToString(shape), "\n");
  absl::StrAppend(&what, job.load.threads_per_inference, " ", job.load.trusted_inputs, " ", job.usual.first(), " ",
                  job.usual.others(), " ", options_.seconds_max, " ", options_.memory_bytes_max);
  return trial::Stamps::KeyOf(what);
}

// This machine's own verdict goes before the package's.
std::optional<trial::Verdict> Trial::Known(const TrialJob& job) const {
  auto known = stamps_.Read(KeyOf(job, ProcessorName()));
  if (!known) known = packaged_.Read(KeyOf(job, kAnyProcessor));
  if (known && job.again && known->engine().empty()) return std::nullopt;
  return known;
}

void Trial::Keep(const TrialJob& job, const trial::Verdict& verdict) const {
  if (verdict.passing()) return;
  stamps_.Write(KeyOf(job, ProcessorName()), verdict);
  // Times and sizes are of this machine, and differ each time: packages are made the same, byte for byte.
  trial::Verdict published;
  published.set_engine(verdict.engine());
  published.set_reason("tried when this package was made");
  if (!verdict.engine().empty()) publish_.Write(KeyOf(job, kAnyProcessor), published);
}

absl::StatusOr<trial::Verdict> Trial::Try(const TrialJob& job) {
  if (auto known = Known(job)) return *std::move(known);
  std::vector<Outcome> outcomes;
  for (const Engine* engine : job.engines) {
    ASSIGN_OR_RETURN(Outcome outcome, TryEngine(job, *engine));
    outcomes.push_back(std::move(outcome));
  }
  trial::Verdict verdict = trial::Decide(outcomes, job.load.trusted_inputs);
  Keep(job, verdict);
  return verdict;
}

// What was ended from outside is tried once more.
absl::StatusOr<Outcome> Trial::TryEngine(const TrialJob& job, const Engine& engine) {
  auto outcome = TryOnce(job, engine);
  return outcome.ok() && outcome->killed ? TryOnce(job, engine) : std::move(outcome);
}

absl::StatusOr<Outcome> Trial::TryOnce(const TrialJob& job, const Engine& engine) {
  if (!GoOn()) return absl::CancelledError("the server is shutting down");
  const uint32_t seconds_max = SecondsFor(*job.files);
  const uint64_t memory = options_.memory_bytes_max + 4 * job.files->bytes();
  ASSIGN_OR_RETURN(const UniqueFd request, RequestFor(job, engine, seconds_max, options_.memory_bytes_max));
  const trial::ScratchFolder scratch;
  std::vector<int> fds = {request.get()};
  for (const ModelFiles::File& file : job.files->files()) fds.push_back(file.fd);
  ASSIGN_OR_RETURN(const ChildEnd end, trial::RunChild({.program = options_.program,
                                                        .arguments = options_.arguments,
                                                        .fds = std::move(fds),
                                                        .scratch = scratch.path(),
                                                        .timeout = kWallTimes * seconds(seconds_max),
                                                        .go_on = [this] { return GoOn(); },
                                                        .until = HostileWatch()}));
  if (end.stopped == ChildEnd::Stopped::kOrdered) return absl::CancelledError("the server is shutting down");
  Outcome outcome{.engine = std::string(engine.name())};
  auto report = trial::ParseReport(end.report);
  outcome.failure = report ? FailureOf(end, *report, seconds_max, memory)
                           : "the model file made the engine write garbage during its trial";
  outcome.killed = !outcome.failure.empty() && end.stopped == ChildEnd::Stopped::kNo &&
                   (end.signal == SIGKILL || end.signal == SIGTERM);
  outcome.passing = outcome.killed || (!outcome.failure.empty() && end.stopped == ChildEnd::Stopped::kTimeout);
  if (report) outcome.report = *std::move(report);
  Log(job, outcome, end.errors);
  return outcome;
}

}  // namespace sluice
