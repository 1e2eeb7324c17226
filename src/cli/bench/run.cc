#include "cli/bench/run.h"

#include <absl/strings/numbers.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "base/error.h"
#include "base/process.h"
#include "base/strings.h"
#include "cli/batch/progress.h"
#include "cli/bench/h1_client.h"
#include "cli/bench/h2_client.h"

namespace sluice::cli::bench {
namespace {

Duration FromSeconds(float seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::string Today() {
  return absl::FormatTime("%Y-%m-%d", absl::FromChrono(SystemClock().WallNow()), absl::UTCTimeZone());
}

// Of ProcessorName() what people call it.
std::string Machine() {
  std::string name = ProcessorName().substr(0, ProcessorName().find(';'));
  return name.substr(std::min(name.find(": ") + 2, name.size()));
}

}  // namespace

Run::Run(const RunOptions& options)
    : options_(options),
      random_(options.seed != 0 ? Random(static_cast<uint64_t>(options.seed)) : Random::FromDevice()) {}

absl::StatusOr<std::unique_ptr<Run>> Run::Create(const RunOptions& options) {
  auto run = std::make_unique<Run>(options);
  ASSIGN_OR_RETURN(run->work_, MakeWork(options.work));
  ASSIGN_OR_RETURN(run->steps_, ParseSteps(options.rate, options.seconds));
  ASSIGN_OR_RETURN(run->load_.classes, ParseShares(options.classes));
  ASSIGN_OR_RETURN(run->load_.principals, ParseShares(options.principals));
  ASSIGN_OR_RETURN(run->lanes_, MakeLanes(run->load_.classes, run->load_.principals));
  ASSIGN_OR_RETURN(const HostPort to, ParseServer(options.server));
  ASSIGN_OR_RETURN(run->to_, Resolve(to));
  run->host_ = StrCat(to.host, ":", to.port);
  run->load_.pause = FromSeconds(options.pause);
  run->load_.spacing = options.spacing == "constant" ? Spacing::kConstant : Spacing::kPoisson;
  run->load_.deadline = std::chrono::milliseconds(options.deadline_ms);
  run->load_.grpc = run->work_.grpc;
  run->load_.retry = options.retry == "policy";
  run->load_.window = std::chrono::milliseconds(options.window_ms);
  return run;
}

absl::Status Run::Measure() {
  loop_.Start();
  const absl::Status status = RunSteps();
  OnLoop([this](std::promise<void>& done) {
    generator_.reset();
    client_.reset();
    done.set_value();
  });
  return status;
}

// Runs `task` on the loop and waits until it, or what it began, sets the promise.
void Run::OnLoop(std::function<void(std::promise<void>&)> task) {
  std::promise<void> done;
  loop_.Post([&] { task(done); });
  done.get_future().wait();
}

void Run::MakeClient() {
  const bool h2 = work_.grpc || options_.http2;
  const auto connections = static_cast<size_t>(options_.connections > 0 ? options_.connections : h2 ? 8 : 256);
  if (h2) {
    client_ = std::make_unique<H2Client>(loop_, to_, host_, work_, lanes_, connections);
  } else {
    client_ = std::make_unique<H1Client>(loop_, to_, host_, work_, lanes_, connections);
  }
}

// The speed of a machine wanders: what a step is a multiple of is measured right before it, unless it is given.
absl::Status Run::RunSteps() {
  const bool asked = std::any_of(steps_.begin(), steps_.end(), [](const Step& step) { return step.of_capacity; });
  if (options_.capacity == "auto" && asked) {
    for (size_t i = 0; i < steps_.size(); ++i) {
      RETURN_IF_ERROR(MeasureCapacity());
      Generate(i, 1, measured_);
    }
    return absl::OkStatus();
  }
  double given = 0;
  if (options_.capacity != "auto" && (!absl::SimpleAtod(options_.capacity, &given) || given <= 0))
    return Error(Reason::INVALID_REQUEST, "--capacity must be auto or calls per second");
  Generate(0, steps_.size(), given);
  return absl::OkStatus();
}

absl::Status Run::MeasureCapacity() {
  if (options_.show_progress) std::fprintf(stderr, "measuring the capacity ...");
  OnLoop([this](std::promise<void>& done) {
    if (client_ == nullptr) MakeClient();
    const ClosedLoop::Plan plan{.in_flight = static_cast<size_t>(options_.concurrency), .grpc = work_.grpc};
    closed_.emplace(loop_, *client_, plan, [this, &done](double found) {
      measured_ = found;
      done.set_value();
    });
    closed_->Start();
  });
  if (options_.show_progress) std::fprintf(stderr, "\r\x1b[K");
  if (measured_ > 0) return absl::OkStatus();
  const Answer& last = closed_->last_bad();
  const std::string why = last.status == 0        ? std::string("is `sluice serve` running?")
                          : last.grpc_status >= 0 ? StrCat("the last one ended with gRPC status ", last.grpc_status)
                                                  : StrCat("the last one was answered ", last.status);
  return Error(Reason::MODEL_UNAVAILABLE, StrCat("no call was answered successfully by ", options_.server, "; ", why));
}

// Steps from the `first`, one after the other.
void Run::Generate(size_t first, size_t number, double capacity) {
  OnLoop([&](std::promise<void>& done) {
    if (client_ == nullptr) MakeClient();
    Load load = load_;
    for (size_t i = first; i < first + number; ++i) load.steps.push_back(steps_[i] = steps_[i].At(capacity));
    Generator::Hooks hooks{.on_step = [this](size_t step) { ReadStepCpu(step); },
                           .on_progress = [this](Duration elapsed, const Tally& now) { ShowProgress(elapsed, now); },
                           .on_done = [&done] { done.set_value(); }};
    generator_ = std::make_unique<Generator>(loop_, *client_, random_, std::move(load), std::move(hooks));
    generator_->Start();
  });
  generated_ += generator_->planned();
  results_.insert(results_.end(), generator_->steps().begin(), generator_->steps().end());
  windows_.insert(windows_.end(), generator_->windows().begin(), generator_->windows().end());
  if (options_.show_progress) std::fprintf(stderr, "\r\x1b[K");
}

// As the generator's `step` begins, or all are over.
void Run::ReadStepCpu(size_t step) {
  CpuTimes now = ReadCpu(options_.server_pid);
  if (step > 0) cpu_.push_back(now - last_cpu_);
  last_cpu_ = std::move(now);
}

void Run::ShowProgress(Duration elapsed, const Tally& now) const {
  if (!options_.show_progress) return;
  Duration planned{};
  for (const Step& step : steps_) planned += step.lasts + load_.pause;
  const Progress progress{.done = static_cast<uint64_t>(ToMs(generated_ + elapsed) / 1e3),
                          .total = static_cast<uint64_t>(ToMs(planned) / 1e3)};
  std::fprintf(stderr, "\r%s s, step %zu of %zu: %llu ok, %llu refused, %llu late\x1b[K",
               ProgressLine(progress).c_str(), cpu_.size() + 1, steps_.size(), static_cast<unsigned long long>(now.ok),
               static_cast<unsigned long long>(now.refused), static_cast<unsigned long long>(now.late));
}

std::string Run::What() const {
  std::string what = StrCat(options_.work.method, " over ", options_.work.protocol, options_.http2 ? " (HTTP/2)" : "");
  if (!work_.body.empty()) what += StrCat(", a body of ", work_.body.size(), " bytes");
  what += options_.deadline_ms > 0 ? StrCat(", deadline ", options_.deadline_ms, " ms") : ", no deadline";
  return StrCat(what, ", ", options_.spacing, " arrivals, retries: ", options_.retry);
}

RunReport Run::Report() const {
  RunReport report{.what = What(),
                   .date = Today(),
                   .machine = Machine(),
                   .cores = static_cast<int>(std::thread::hardware_concurrency()),
                   .deadline = load_.deadline,
                   .window = load_.window,
                   .load = &load_,
                   .windows = &windows_};
  for (size_t i = 0; i < steps_.size(); ++i) {
    report.steps.push_back({&steps_[i], &results_[i], cpu_[i], steps_[i].lasts + load_.pause});
  }
  return report;
}

}  // namespace sluice::cli::bench
