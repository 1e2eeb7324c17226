// The admission chain: the layers of lists.cc in order, around every use of a model, for one version after the other
// until one takes it. The last bound, the queue's, is the scheduler's own: it decides and enqueues in one step
// (SchedulerCore::Offer).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "admission/layer.h"
#include "scheduler/queue.h"

namespace sluice {

class Admission;

// A use that the layers let in. End() it with its outcome; a dropped one ends as CANCELLED. Movable, one owner.
class Admitted {
 public:
  Admitted(Admitted&&) = default;
  Admitted& operator=(Admitted&&) = default;  // only over one that was moved from or ended
  ~Admitted();

  const ModelUse& use() const { return *use_; }
  void End(const absl::Status& outcome, const JobTimes& times = {}) noexcept;

 private:
  friend class Admission;
  Admitted(const Admission& chain, std::unique_ptr<ModelUse> use) : chain_(&chain), use_(std::move(use)) {}

  const Admission* chain_;
  std::unique_ptr<ModelUse> use_;  // null once moved from or ended
};

// Immutable after start; outlives every Admitted.
class Admission {
 public:
  explicit Admission(std::vector<std::unique_ptr<AdmissionLayer>> layers) : layers_(std::move(layers)) {}

  // The layer of that type; null when the list has none.
  template <typename T>
  T* Find() const {
    for (const auto& layer : layers_) {
      if (auto* const found = dynamic_cast<T*>(layer.get())) return found;
    }
    return nullptr;
  }

  // The version that such a use would be tried on first; null or an error: there is none.
  absl::StatusOr<ModelHandle> FirstChoice(const ModelUse& use) const { return Propose(use, absl::OkStatus()); }

  // In their order.
  std::vector<std::string> LayerNames() const;

  // See AdmissionLayer::Prepare.
  absl::Status Prepare() const;

  // Queues the use: takes it through the layers for one version after the other, and calls `queue` for each that was
  // let in, until `queue` succeeds. It then has taken the Admitted; when it fails, the Admitted is still whole, and so
  // is its input. The error is the first refusal: that of the version that was asked for.
  absl::StatusOr<Ticket> Submit(ModelUse use, absl::FunctionRef<absl::StatusOr<Ticket>(Admitted&)> queue) const;

 private:
  friend class Admitted;
  // Null: no (other) version to try.
  absl::StatusOr<ModelHandle> Propose(const ModelUse& use, const absl::Status& why) const;
  absl::Status Enter(ModelUse& use) const;
  absl::Status Refused(const ModelUse& use, absl::Status why) const;
  void Leave(size_t entered, ModelUse& use, const absl::Status& outcome, const JobTimes& times) const noexcept;

  std::vector<std::unique_ptr<AdmissionLayer>> layers_;
};

}  // namespace sluice
