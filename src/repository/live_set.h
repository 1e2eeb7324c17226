// An immutable snapshot of what is served: ids, versions, aliases, and what failed. Replaced as a whole.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "repository/model_version.h"

namespace sluice {

enum class ModelState : uint8_t {
  kServing,
  kFailed,     // its manifest or its file cannot be used
  kNoFile,     // a manifest without a model file: weights not fetched
  kUnloaded,   // taken out of service by an operator
  kNotAModel,  // a folder or file among the models that is none, or that is laid out in another way
};
std::string_view ToString(ModelState state);

// One line of a list of models.
struct ModelInfo {
  std::string id;
  std::string version;  // empty for aliases, and when no version was found
  ModelState state = ModelState::kServing;
  bool fetchable = false;  // of kNoFile: tools/get_models.py can fetch the file
  std::string reason;      // why it does not serve; when it does, how its engine was chosen
  std::string alias_of;
  std::string task, engine, description, license, fallback;
  ModelHandle handle;  // null unless serving (an alias: its target's default version)
};

// Ids of those that are not served because their file was not fetched: "a, b".
std::string FetchableIn(const std::vector<ModelInfo>& models);

// Immutable once built; thread-safe.
class LiveSet {
 public:
  // `models` in order of id, then of version number.
  explicit LiveSet(std::vector<ModelInfo> models);

  absl::StatusOr<ModelHandle> Resolve(std::string_view id, std::string_view version) const;
  const std::vector<ModelInfo>& models() const { return models_; }
  // Whether a server with these models is of use: one of them serves. Those of the identity engine count only where
  // there are no others: `echo` says nothing of whether real ones load.
  bool ready() const { return ready_; }
  // Ids that serve, "a, b, c".
  std::string ServingIds() const;

 private:
  struct Model {
    std::vector<ModelHandle> versions;  // by number, rising; the last is the default
    std::string alias_of;
    bool failed = false;  // some version of it
    bool unloaded = false;
  };

  const Model* Find(std::string_view id) const;
  bool AnyServes() const;

  std::vector<ModelInfo> models_;
  bool ready_ = false;
  std::map<std::string, Model, std::less<>> by_id_;
};

}  // namespace sluice
