// One run of the load: its options, from the capacity to the last answer.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/asio_loop.h"
#include "cli/bench/closed_loop.h"
#include "cli/bench/dial.h"
#include "cli/bench/generator.h"
#include "cli/bench/lanes.h"
#include "cli/bench/report.h"
#include "cli/bench/work.h"

namespace sluice::cli::bench {

// As the command line says it.
struct RunOptions {
  std::string server = "http://127.0.0.1:8000";
  WorkOptions work;
  std::string rate = "0.5x,1x,2x,3x", capacity = "auto", spacing = "poisson", classes, principals, retry = "none";
  float seconds = 5, pause = 1;
  int deadline_ms = 100, concurrency = 16, connections = 0, window_ms = 0, server_pid = 0, seed = 0;
  bool http2 = false;
  bool show_progress = false;  // on standard error
};

// Everything of one run. The client and the generator are made, used and destroyed on the loop.
class Run {
 public:
  // `options` outlives the run.
  static absl::StatusOr<std::unique_ptr<Run>> Create(const RunOptions& options);
  explicit Run(const RunOptions& options);

  // Blocks until every call is counted.
  absl::Status Measure();
  // Of what was measured; a view into the run.
  RunReport Report() const;

 private:
  void OnLoop(std::function<void(std::promise<void>&)> task);
  void MakeClient();
  absl::Status RunSteps();
  absl::Status MeasureCapacity();
  void Generate(size_t first, size_t number, double capacity);
  void ReadStepCpu(size_t step);
  void ShowProgress(Duration elapsed, const Tally& now) const;
  std::string What() const;

  const RunOptions& options_;
  Random random_;
  Work work_;
  std::vector<Step> steps_;
  Lanes lanes_;
  Address to_;
  std::string host_;
  Load load_;  // without steps

  AsioLoop loop_{"bench"};
  std::unique_ptr<Client> client_;
  std::optional<ClosedLoop> closed_;
  double measured_ = 0;
  std::unique_ptr<Generator> generator_;
  Duration generated_{};  // by the generators before this one
  CpuTimes last_cpu_;
  // Of each step that is over, which is in steps_ as it was run.
  std::vector<CpuTimes> cpu_;
  std::vector<StepResult> results_;
  std::vector<Window> windows_;
};

}  // namespace sluice::cli::bench
