// The models that this server has: found in folders, loaded through engines, served from an immutable live set.
//
//   <root>/<id>/model.yaml                      manifest; may be absent: then a `tensor` model
//   <root>/<id>/<version>/model.{onnx,tflite,xml}
//
// A model that cannot be loaded never stops the others: List() shows it with the reason.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "repository/live_set.h"
#include "repository/model_version.h"

namespace sluice {

class Trial;
struct FoundModel;

class Repository {
 public:
  struct Options {
    std::vector<std::string> roots;  // an id in several roots: the first root wins
    std::string cache_dir;           // see LoadOptions
    int workers = 1;                 // sessions per version
    // Called for each loaded version before it serves, on the loading thread. An error lists the version as failed,
    // with that message. Sets the companion.
    // Several at a time.
    std::function<absl::Status(ModelVersion&)> prepare;
    Trial* trial = nullptr;  // where files are tried before they are loaded; outlives the repository
    int loaders = 1;         // models that Load() tries and loads side by side
    // Called when the live set was replaced, on the thread that did it.
    std::function<void()> changed;
  };

  // `engines` in order of preference; they outlive every handle.
  Repository(Options options, std::vector<Engine*> engines);

  // Scans the roots and loads what the manifests say (seconds; never a loop). Replaces the live set in one step. An
  // error only when a root cannot be listed; the other roots are served.
  absl::Status Load();

  // Reads the folder of `id` again and replaces what is served of it; uses in flight keep the version that they pinned.
  // A version that cannot be loaded leaves the one that served before in its place, and when there is nothing that can,
  // all that served goes on; the error says why. MODEL_NOT_FOUND when no root has such a folder. Takes as long as
  // loading takes.
  absl::Status LoadModel(std::string_view id);

  // Stops serving `id` until LoadModel, or Load. MODEL_NOT_FOUND when it is not known.
  absl::Status UnloadModel(std::string_view id);

  // Any thread, no lock that loading holds. Follows aliases. `version` empty: the default one.
  // MODEL_NOT_FOUND "model 'x' does not exist; models: a, b"; MODEL_UNAVAILABLE when it is there and could not be
  // loaded.
  absl::StatusOr<ModelHandle> Resolve(std::string_view id, std::string_view version = {}) const;

  // `fallback` of the model's manifest, also while it does not serve; empty when it names none, or there is no such
  // model.
  std::string FallbackOf(std::string_view id) const;

  // Everything found, by id and version: serving or not.
  std::vector<ModelInfo> List() const;

  std::shared_ptr<const LiveSet> live() const;
  // See LiveSet::ready.
  bool ready() const { return live()->ready(); }

 private:
  std::vector<ModelInfo> LoadFound(const FoundModel& model, bool again) const;
  std::vector<std::vector<ModelInfo>> LoadAll(const std::vector<FoundModel>& models) const;
  void KeepOld(std::string_view id, std::vector<ModelInfo>& lines) const;
  // Replaces the lines of `id`.
  void Replace(std::string_view id, std::vector<ModelInfo> lines);
  void Swap(std::vector<ModelInfo> models);

  Options options_;
  std::vector<Engine*> engines_;
  std::mutex load_mutex_;  // one change at a time
  mutable std::mutex live_mutex_;
  std::shared_ptr<const LiveSet> live_;  // guarded by live_mutex_; never null
};

}  // namespace sluice
