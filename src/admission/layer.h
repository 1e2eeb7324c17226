// A layer of the admission chain: may this model version take this piece of work now, and what instead if not?
//
//   Prepare  once, before the server serves
//   Propose  which version to try: first the one that was asked for, after a refusal another
//   Enter    for each version that is tried, in the order of lists.cc
//   Leave    of what was entered, in reverse order, exactly once, on any ending: what Enter takes, Leave gives back
//
// All run on the loop of the call; a layer serves all loops, so its own state must be thread-safe. State of a model
// version: ModelVersion::State<T>(*this).
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "admission/job_times.h"
#include "admission/model_use.h"
#include "call/layer.h"

namespace sluice {

class Repository;

class AdmissionLayer {
 public:
  virtual ~AdmissionLayer() = default;
  virtual std::string_view name() const = 0;
  // Reads its files and the like; an error is for the operator, and ends the start.
  virtual absl::Status Prepare() { return absl::OkStatus(); }
  // A version that may take the use, null when this layer knows none. `why` is how the last one refused it (by a layer
  // or by its full queue), OK when none was tried yet. The first layer that knows one decides; an error refuses the
  // use.
  virtual absl::StatusOr<ModelHandle> Propose(const ModelUse& /*use*/, const absl::Status& /*why*/) {
    return ModelHandle();
  }
  // The last word about a use that no version takes: what its client is told.
  virtual absl::Status Refused(const ModelUse& /*use*/, absl::Status why) { return why; }
  // Not OK: use.model does not take it, with that reason, and the layers entered so far are left.
  virtual absl::Status Enter(ModelUse& /*use*/) { return absl::OkStatus(); }
  // `times` of a use that was not computed are 0.
  virtual void Leave(ModelUse& /*use*/, const absl::Status& /*outcome*/, const JobTimes& /*times*/) noexcept {}
};

// As LayerContext.
struct AdmissionContext : LayerContext {
  const Repository& repository;
};

}  // namespace sluice
