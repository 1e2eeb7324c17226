#include "admission/admission.h"

#include <utility>

#include "base/error.h"

namespace sluice {

absl::StatusOr<Admitted> Admission::Admit(ModelUse use) const {
  auto owned = std::make_unique<ModelUse>(std::move(use));
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (absl::Status status = layers_[i]->Enter(*owned); !status.ok()) {
      Leave(i, *owned, status);
      return status;
    }
  }
  return Admitted(*this, std::move(owned));
}

void Admission::Leave(size_t entered, ModelUse& use, const absl::Status& outcome) const noexcept {
  while (entered > 0) layers_[--entered]->Leave(use, outcome);
}

void Admitted::End(const absl::Status& outcome) noexcept {
  if (const auto use = std::exchange(use_, nullptr)) chain_.Leave(chain_.layers_.size(), *use, outcome);
}

Admitted::~Admitted() {
  if (use_ != nullptr) End(Error(Reason::CANCELLED, "dropped"));
}

}  // namespace sluice
