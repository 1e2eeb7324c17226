// The admission chain: the layers of lists.cc in order, around every use of a model. The last bound, the queue's, is the
// scheduler's own: it decides and enqueues in one step (SchedulerCore::Offer).
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "admission/layer.h"

namespace sluice {

class Admission;

// A use that was let in. End() it with its outcome; a dropped one ends as CANCELLED. Movable, one owner.
class Admitted {
 public:
  Admitted(Admitted&&) = default;
  Admitted& operator=(Admitted&&) = delete;
  ~Admitted();

  const ModelUse& use() const { return *use_; }
  void End(const absl::Status& outcome) noexcept;

 private:
  friend class Admission;
  Admitted(const Admission& chain, std::unique_ptr<ModelUse> use) : chain_(chain), use_(std::move(use)) {}

  const Admission& chain_;
  std::unique_ptr<ModelUse> use_;  // null once moved from or ended
};

// Immutable after start; outlives every Admitted.
class Admission {
 public:
  explicit Admission(std::vector<std::unique_ptr<AdmissionLayer>> layers) : layers_(std::move(layers)) {}
  absl::StatusOr<Admitted> Admit(ModelUse use) const;

 private:
  friend class Admitted;
  void Leave(size_t entered, ModelUse& use, const absl::Status& outcome) const noexcept;

  std::vector<std::unique_ptr<AdmissionLayer>> layers_;
};

}  // namespace sluice
