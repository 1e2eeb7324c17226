// One loaded version of a model. A handle pins it: it stays whole, also after it left the live set, until the last
// handle goes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "repository/manifest.h"
#include "repository/owned_states.h"

namespace sluice {

// What a higher room keeps for a version: its prepared decoder, its queue. Destroyed with the version, before its
// sessions.
class Companion {
 public:
  virtual ~Companion() = default;
};

class ModelVersion {
 public:
  struct Parts {
    std::string id;
    std::string version;  // "1"
    std::string folder;  // of this version's files, for labels and vocabularies; the model's folder when it has no file
    std::string model_folder;
    Manifest manifest;
    std::string engine;         // its name; the manifest may leave the choice open
    uint64_t memory_bytes = 0;  // what it holds: as its trial saw it, at least the size of its files
    std::shared_ptr<LoadedModel> model;
    std::vector<std::unique_ptr<Session>> sessions;  // one per worker
  };
  explicit ModelVersion(Parts parts);
  ~ModelVersion();
  ModelVersion(const ModelVersion&) = delete;
  ModelVersion& operator=(const ModelVersion&) = delete;

  const std::string& id() const { return parts_.id; }
  const std::string& version() const { return parts_.version; }
  const std::string& name() const { return name_; }  // "id@version", for logs and metrics
  const Manifest& manifest() const { return parts_.manifest; }
  const std::string& engine() const { return parts_.engine; }
  uint64_t memory_bytes() const { return parts_.memory_bytes; }
  const ModelSignature& signature() const { return parts_.model->signature(); }
  LoadedModel& model() const { return *parts_.model; }

  // The path of a file that the manifest names: beside the model's file, else beside model.yaml. Empty when in neither
  // place, or when `name` is not a plain file name.
  std::string FileNamed(std::string_view name) const;

  int workers() const { return static_cast<int>(parts_.sessions.size()); }
  // The session of `worker` (0 … workers()-1); only that worker's thread uses it.
  Session& SessionFor(int worker) const { return *parts_.sessions[worker]; }

  // Set once, by Repository's `prepare`, before anyone else sees the version.
  void set_companion(std::unique_ptr<Companion> companion) { companion_ = std::move(companion); }
  // Null when never set.
  Companion* companion() const { return companion_.get(); }

  // What `owner` (a layer) keeps for this version, a T(const ModelVersion&) made on first use. Goes with the version.
  // Any thread; what is inside guards itself.
  template <typename T, typename Owner>
  T& State(const Owner& owner) const {
    return states_.Get<T>(&owner, [this] { return std::make_unique<T>(*this); });
  }

 private:
  Parts parts_;
  std::string name_;
  std::unique_ptr<Companion> companion_;
  mutable OwnedStates states_;
};

using ModelHandle = std::shared_ptr<const ModelVersion>;

}  // namespace sluice
