// The open loop: sends calls when their time has come, however the server does, and counts what became of them.
//
//   Arrivals ─► waiting, while every connection is busy ─► Client ─► Tally of the step, the class, the principal
//                 └ unsent when the deadline passes there              └ refused: perhaps again later (retry)
//
// Latencies count from when a call should have begun, so a stalled server, or a stalled generator, shows in all the
// calls that it delayed ("coordinated omission"). All on one loop.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/executor.h"
#include "cli/bench/arrivals.h"
#include "cli/bench/client.h"
#include "cli/bench/options.h"
#include "cli/bench/tally.h"

namespace sluice::cli::bench {

struct Load {
  std::vector<Step> steps;  // rates in calls per second
  Duration pause{};         // after each step
  Spacing spacing = Spacing::kPoisson;
  std::vector<Share> classes, principals;  // one or more each
  Duration deadline{};                     // zero: none
  bool grpc = false;
  bool retry = false;  // refused calls, as the server asks, at most one for ten good answers
  Duration window{};   // of the timeline; zero: none
};

struct StepResult {
  Tally all;
  std::vector<Tally> classes, principals;
};

class Generator {
 public:
  struct Hooks {
    std::function<void(size_t step)> on_step;  // begins; steps.size(): the last one's pause is over
    std::function<void(Duration elapsed, const Tally& now)> on_progress;  // a few times a second
    std::function<void()> on_done;                                        // everything is counted; last
  };

  // All outlive the generator.
  Generator(Loop& loop, Client& client, Random& random, Load load, Hooks hooks);
  ~Generator();

  void Start();

  const std::vector<StepResult>& steps() const { return results_; }
  const std::vector<Window>& windows() const { return windows_; }
  Duration planned() const;

 private:
  struct Pending {
    TimePoint intended;
    size_t step, work_class, principal;
    int failures;
  };

  void Tick();
  void OfferDue(TimePoint now);
  void NextStep(TimePoint begins);
  void Offer(const Pending& pending);
  void FlushWaiting(std::deque<Pending>& waiting, TimePoint now);
  bool NobodyWaits() const;
  bool TrySend(const Pending& pending, TimePoint now);
  void Finished(const Pending& pending, const Answer& answer);
  void MaybeRetry(const Pending& pending, const Answer& answer);
  void EachTally(const Pending& pending, absl::FunctionRef<void(Tally&)> count);
  Window* WindowOf(const Pending& pending);
  Duration GiveUpAfter() const;

  Loop& loop_;
  Client& client_;
  Random& random_;
  const Load load_;
  const Hooks hooks_;

  TimePoint started_{}, step_began_{}, next_progress_{}, next_sweep_{};
  size_t step_ = 0;  // the present one
  std::unique_ptr<Arrivals> arrivals_;
  TimePoint next_arrival_ = kNever, step_ends_{};
  // By principal, so that one whose connections are all busy holds up nobody else; in the order of their deadlines.
  std::vector<std::deque<Pending>> waiting_;
  size_t in_flight_ = 0;
  uint64_t good_ = 0, retries_ = 0;  // of the run
  std::vector<StepResult> results_;
  std::vector<Window> windows_;
  Loop::TimerId timer_ = 0;
  bool over_ = false;  // no more arrivals, retries neither
  bool done_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // false: a retry's timer finds nobody
};

}  // namespace sluice::cli::bench
