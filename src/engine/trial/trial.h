// Tries a model's files in child processes, one for each engine, before this process touches them: files that crash an
// engine, hang it or eat memory become a verdict with that reason.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "engine/trial/stamps.h"
#include "engine/trial/verdict.h"

namespace sluice {

struct TrialJob {
  std::shared_ptr<const ModelFiles> files;
  std::vector<Engine*> engines;  // that may serve it, in order of preference
  LoadOptions load;
  ai::inference::trial::Usual usual;
  bool again = false;  // somebody asked for it: an earlier failure does not count
};

// Thread-safe.
class Trial {
 public:
  struct Options {
    std::string program = "/proc/self/exe";
    std::vector<std::string> arguments = {"try-model", "--child"};
    std::string stamps;  // folder; empty: every start tries anew
    // Folders of what was found where a package was made, for any processor: read from one, which came with the
    // program; written to the other, which is for the next package. Empty: none.
    std::string packaged, publish;
    // Of CPU time: this, and a second for every 10 MB of files. Of wall time: six times that.
    uint32_t seconds_max = 10;
    // Of address space: this, and four times the files.
    uint64_t memory_bytes_max = uint64_t{4} << 30;
  };
  explicit Trial(Options options);

  // Takes as long as the trials do; at once when they were made before. UNAVAILABLE: this machine does not let us start
  // a child. CANCELLED: the server is shutting down.
  absl::StatusOr<trial::Verdict> Try(const TrialJob& job);

  // Ends trials that run, and all later ones, as does a SIGTERM or SIGINT that waits.
  void Stop() { stopped_ = true; }

 private:
  absl::StatusOr<trial::Outcome> TryEngine(const TrialJob& job, const Engine& engine);
  absl::StatusOr<trial::Outcome> TryOnce(const TrialJob& job, const Engine& engine);
  uint32_t SecondsFor(const ModelFiles& files) const;
  std::string KeyOf(const TrialJob& job, std::string_view processor) const;
  std::optional<trial::Verdict> Known(const TrialJob& job) const;
  void Keep(const TrialJob& job, const trial::Verdict& verdict) const;
  bool GoOn() const;

  const Options options_;
  const trial::Stamps stamps_, packaged_, publish_;
  std::atomic<bool> stopped_{false};
};

}  // namespace sluice
