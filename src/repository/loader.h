// Turns a found model into versions that can serve: engine, shape, sessions, preparation.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "repository/live_set.h"
#include "repository/scan.h"

namespace sluice {

class Loader {
 public:
  struct Options {
    std::string cache_dir;
    int workers = 1;
    std::function<absl::Status(ModelVersion&)> prepare;
  };
  // References outlive the loader.
  Loader(const Options& options, const std::vector<Engine*>& engines) : options_(options), engines_(engines) {}

  // One line for each chosen version of the model, or one line that says why there is none. Never fails as a whole.
  std::vector<ModelInfo> Load(const FoundModel& model) const;

 private:
  absl::StatusOr<Engine*> EngineFor(const Manifest& manifest) const;
  absl::StatusOr<ModelHandle> LoadVersion(const FoundModel& model, const FoundVersion& version, Engine& engine) const;

  const Options& options_;
  const std::vector<Engine*>& engines_;
};

// The input shape that the manifest asks for; empty when it leaves that to the model's file.
std::map<std::string, Shape> ReshapeOf(const Manifest& manifest);

}  // namespace sluice
