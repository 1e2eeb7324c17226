#include "admission/admission.h"

#include <utility>

#include "base/error.h"

namespace sluice {
namespace {

// Versions that one use is tried on.
constexpr int kCandidatesMax = 3;

void Tell(const ModelUse& use, std::string_view layer, const absl::Status& why) {
  if (use.on_refusal) use.on_refusal(layer, use.model.get(), why);
}

}  // namespace

std::vector<std::string> Admission::LayerNames() const {
  std::vector<std::string> names;
  for (const auto& layer : layers_) names.emplace_back(layer->name());
  return names;
}

absl::Status Admission::Prepare() const {
  for (const auto& layer : layers_) RETURN_IF_ERROR(layer->Prepare());
  return absl::OkStatus();
}

absl::StatusOr<Ticket> Admission::Submit(ModelUse use,
                                         absl::FunctionRef<absl::StatusOr<Ticket>(Admitted&)> queue) const {
  auto owned = std::make_unique<ModelUse>(std::move(use));
  absl::Status first, why;
  for (int i = 0; i < kCandidatesMax; ++i) {
    auto candidate = Propose(*owned, why);
    if (candidate.ok() && *candidate == nullptr) break;
    why = candidate.status();
    if (!why.ok()) Tell(*owned, "resolve", why);
    if (why.ok()) {
      owned->model = *std::move(candidate);
      owned->degraded = i > 0;
      owned->headers.Clear();  // of the last candidate
      why = Enter(*owned);
    }
    if (why.ok()) {
      Admitted admitted(*this, std::move(owned));
      auto ticket = queue(admitted);
      if (ticket.ok()) return ticket;
      why = ticket.status();
      owned = std::move(admitted.use_);
      Tell(*owned, "queue", why);
      Leave(layers_.size(), *owned, why, {});
    }
    if (first.ok()) first = why;
  }
  if (first.ok()) return Error(Reason::INTERNAL, "no admission layer proposes a model");
  return Refused(*owned, std::move(first));
}

absl::Status Admission::Refused(const ModelUse& use, absl::Status why) const {
  for (const auto& layer : layers_) why = layer->Refused(use, std::move(why));
  return why;
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
      Tell(use, layers_[i]->name(), status);
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
