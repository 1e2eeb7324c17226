#include "admission/admission.h"

#include <utility>

#include "base/error.h"

namespace sluice {
namespace {

// Versions that one use is tried on.
constexpr int kCandidatesMax = 3;

}  // namespace

absl::StatusOr<Ticket> Admission::Submit(ModelUse use,
                                         absl::FunctionRef<absl::StatusOr<Ticket>(Admitted&)> queue) const {
  auto owned = std::make_unique<ModelUse>(std::move(use));
  absl::Status first, why;
  for (int i = 0; i < kCandidatesMax; ++i) {
    ASSIGN_OR_RETURN(ModelHandle candidate, Propose(*owned, why));
    if (candidate == nullptr) break;
    owned->model = std::move(candidate);
    owned->degraded = i > 0;
    why = Enter(*owned);
    if (why.ok()) {
      Admitted admitted(*this, std::move(owned));
      auto ticket = queue(admitted);
      if (ticket.ok()) return ticket;
      why = ticket.status();
      owned = std::move(admitted.use_);
      Leave(layers_.size(), *owned, why, {});
    }
    if (first.ok()) first = why;
  }
  return first.ok() ? Error(Reason::INTERNAL, "no admission layer proposes a model") : first;
}

absl::StatusOr<ModelHandle> Admission::Propose(const ModelUse& use, const absl::Status& why) const {
  for (const auto& layer : layers_) {
    auto model = layer->Propose(use, why);
    if (!model.ok() || *model != nullptr) return model;
  }
  return ModelHandle();
}

absl::Status Admission::Enter(ModelUse& use) const {
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (absl::Status status = layers_[i]->Enter(use); !status.ok()) {
      Leave(i, use, status, {});
      return status;
    }
  }
  return absl::OkStatus();
}

void Admission::Leave(size_t entered, ModelUse& use, const absl::Status& outcome,
                      const JobTimes& times) const noexcept {
  while (entered > 0) layers_[--entered]->Leave(use, outcome, times);
}

void Admitted::End(const absl::Status& outcome, const JobTimes& times) noexcept {
  if (const auto use = std::exchange(use_, nullptr)) chain_->Leave(chain_->layers_.size(), *use, outcome, times);
}

Admitted::~Admitted() {
  if (use_ != nullptr) End(Error(Reason::CANCELLED, "dropped"));
}

}  // namespace sluice
