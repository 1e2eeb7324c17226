// Turns a found model into versions that can serve: engine, shape, sessions, preparation.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/trial/trial.h"
#include "repository/live_set.h"
#include "repository/scan.h"

namespace sluice {

class Loader {
 public:
  struct Options {
    std::string cache_dir;
    int workers = 1;
    std::function<absl::Status(ModelVersion&)> prepare;
    Trial* trial = nullptr;  // null: nothing is tried before it is loaded
  };
  // References outlive the loader.
  Loader(const Options& options, const std::vector<Engine*>& engines) : options_(options), engines_(engines) {}

  // One line for each chosen version of the model, or one line that says why there is none. Never fails as a whole. Any
  // thread, several at a time. `again`: files that failed their trial before are tried again.
  std::vector<ModelInfo> Load(const FoundModel& model, bool again = false) const;

 private:
  struct Chosen {
    Engine* engine;
    std::string reason;
    uint64_t memory_bytes;  // of the loaded model, as the trial saw it; 0: unknown
  };

  // Those that the manifest allows: the named one, or all for `auto`.
  absl::StatusOr<std::vector<Engine*>> EnginesFor(const Manifest& manifest) const;
  ModelInfo LoadVersion(const FoundModel& model, const FoundVersion& version, std::vector<Engine*> engines, bool again,
                        ModelInfo line) const;
  absl::StatusOr<std::vector<Chosen>> Choose(const TrialJob& job, const Manifest& manifest) const;
  absl::StatusOr<ModelHandle> LoadWith(const Chosen& chosen, const TrialJob& job, const FoundModel& model,
                                       const FoundVersion& version) const;

  const Options& options_;
  const std::vector<Engine*>& engines_;
};

// The input shape that the manifest asks for; empty when it leaves that to the model's file.
std::map<std::string, Shape> ReshapeOf(const Manifest& manifest);

}  // namespace sluice
