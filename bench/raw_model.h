// A model version loaded as the server loads it, for programs that call its pipeline without one.
#pragma once

#include <cstdlib>

#include "bench/raw.h"
#include "door/lists.h"
#include "engine/onnxruntime/telemetry.h"

namespace sluice::bench {

// Ends the program when `status` is an error.
inline void Check(const absl::Status& status) {
  if (!status.ok()) std::_Exit(Fail("bench", status));
}

// Has a session for each of `threads`. Ends the program when there is no such model.
class RawModel {
 public:
  RawModel(const char* models_dir, const char* model_id, int threads)
      : engines_(MakeEngines()), repository_({.roots = {models_dir}, .workers = threads}, Pointers(engines_)) {
    Check(repository_.Load());
    auto version = repository_.Resolve(model_id);
    Check(version.status());
    version_ = *std::move(version);
  }

  const ModelVersion& version() const { return *version_; }

 private:
  decltype(MakeEngines()) engines_;
  Repository repository_;
  ModelHandle version_;
};

}  // namespace sluice::bench
