#include "engine/openvino/request_ledger.h"

#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {

namespace {
constexpr int kFailuresMax = 3;
}

void RequestLedger::KeyOf(std::span<const ov::Tensor> inputs, std::string& key) const {
  key.clear();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ov::Shape& shape = inputs[i].get_shape();
    key.append(reinterpret_cast<const char*>(shape.data()), shape.size() * sizeof(size_t));
    if (!proof_->decides(i) || inputs[i].get_element_type() == ov::element::string) continue;
    if (const size_t bytes = inputs[i].get_byte_size(); bytes <= ShapeProof::kValueBytesMax)
      key.append(static_cast<const char*>(std::as_const(inputs[i]).data()), bytes);
  }
}

RequestLedger::Entry* RequestLedger::Find(std::string_view key) {
  const auto it = known_.find(key);
  if (it == known_.end()) return nullptr;
  order_.splice(order_.begin(), order_, it->second.place);
  return &it->second;
}

RequestLedger::Entry& RequestLedger::Insert(std::string_view key, ShapeProof::Finding finding) {
  if (order_.size() >= kKeysMax) {
    known_.erase(order_.back());
    order_.pop_back();
  }
  order_.emplace_front(key);
  Entry& entry = known_[order_.front()];
  entry.finding = std::move(finding);
  entry.place = order_.begin();
  return entry;
}

absl::Status RequestLedger::MayRun(std::string_view key, std::span<const ov::Tensor> inputs) {
  {
    const std::lock_guard lock(mutex_);
    if (const Entry* entry = Find(key)) return Judge(*entry);
  }
  const std::lock_guard proving(proof_mutex_);
  ShapeProof::Finding finding = proof_->Infer(inputs);
  const std::lock_guard lock(mutex_);
  const Entry* const meanwhile = Find(key);
  return Judge(meanwhile != nullptr ? *meanwhile : Insert(key, std::move(finding)));
}

absl::Status RequestLedger::Judge(const Entry& entry) const {
  using Outcome = ShapeProof::Outcome;
  if (entry.finding.outcome == Outcome::kImpossible)
    return Error(Reason::INVALID_REQUEST, StrCat("the inputs do not fit together: ", entry.finding.why));
  if (entry.ran_well) return absl::OkStatus();
  // Nothing but the shapes decides, so it fails always, unless memory was short.
  if (entry.failures >= kFailuresMax && entry.finding.outcome == Outcome::kPossible)
    return Error(Reason::MODEL_FAILED, "the model failed on inputs like these");
  if (budget_.left()) return absl::OkStatus();
  return Error(Reason::OVERLOADED, "the model failed too often on inputs like these; try again later");
}

void RequestLedger::Note(std::string_view key, bool ok) {
  const std::lock_guard lock(mutex_);
  Entry* entry = Find(key);
  if (entry == nullptr) entry = &Insert(key, {ShapeProof::Outcome::kOpen});
  entry->ran_well = ok;
  if (!ok) ++entry->failures;
}

}  // namespace sluice
