#include "scheduler/fair_order.h"

#include <algorithm>
#include <utility>

namespace sluice {

size_t FairOrder::Share::ItemsIn(const void* queue) const {
  for (const Part& part : parts) {
    if (part.queue == queue) return part.items;
  }
  return 0;
}

FairOrder::Share& FairOrder::Add(Principal principal, const Urgency& item, const void* queue, double cost) {
  auto& found = shares_[principal];
  if (found == nullptr) found = std::make_unique<Share>(principal, WeightOf(principal));
  Share& share = *found;
  if (share.waiting.empty()) {
    share.used = std::max(share.used, now_);
    share.turn = ++last_turn_;
    turns_.insert({share.used, share.turn, &share});
    turns_weight_ += share.weight;
  }
  share.waiting.insert(item);
  const auto part =
      std::find_if(share.parts.begin(), share.parts.end(), [queue](const Part& p) { return p.queue == queue; });
  if (part == share.parts.end()) {
    share.parts.push_back({queue, 1, cost});
  } else {
    ++part->items;
    part->cost += cost;
  }
  if (shares_.size() >= forget_at_) Forget();
  return share;
}

void FairOrder::Remove(Share& share, const Urgency& item, const void* queue, double cost) {
  share.waiting.erase(item);
  if (share.waiting.empty()) {
    turns_.erase({share.used, share.turn, &share});
    turns_weight_ -= share.weight;
  }
  const auto part =
      std::find_if(share.parts.begin(), share.parts.end(), [queue](const Part& p) { return p.queue == queue; });
  part->cost -= cost;
  if (--part->items == 0) share.parts.erase(part);
}

const FairOrder::Share* FairOrder::Find(Principal principal) const {
  const auto it = shares_.find(principal);
  return it == shares_.end() || it->second->waiting.empty() ? nullptr : it->second.get();
}

Duration FairOrder::ClockOf(Principal principal, Duration time) const {
  const auto it = shares_.find(principal);
  if (it == shares_.end()) return now_ + time / static_cast<int64_t>(WeightOf(principal));
  const Share& share = *it->second;
  return (share.waiting.empty() ? std::max(share.used, now_) : share.used) + share.Ticks(time);
}

Weights::Weight FairOrder::WeightOf(Principal principal) const {
  return weights_ == nullptr ? 1 : weights_->Of(principal);
}

void FairOrder::Serve(Share& share, const Urgency& item, const void* queue, double cost, Duration time) {
  now_ = std::max(now_, share.used) + time / turns_weight_;
  Remove(share, item, queue, cost);
  Move(share, share.used + share.Ticks(time));
}

void FairOrder::Correct(Principal principal, Duration more) {
  const auto it = shares_.find(principal);
  if (it == shares_.end()) return;
  Share& share = *it->second;
  Move(share, share.used + share.Ticks(more));
}

void FairOrder::Charge(Principal principal, Duration time) {
  if (ClockOf(principal) - now_ < kAheadMax) Correct(principal, time);
}

void FairOrder::Move(Share& share, Duration used) {
  if (share.waiting.empty()) {
    share.used = used;
    return;
  }
  auto node = turns_.extract({share.used, share.turn, &share});
  share.used = used;
  share.turn = ++last_turn_;
  node.value() = {share.used, share.turn, &share};
  turns_.insert(std::move(node));
}

// A principal whose clock the shared one has passed is as good as a new one. The others' number is bounded, too: then
// those are forgotten as well, at the price of what they had been given ahead.
void FairOrder::Forget() {
  const auto idle = [](const auto& entry) { return entry.second->waiting.empty(); };
  absl::erase_if(shares_, [&](const auto& entry) { return idle(entry) && entry.second->used <= now_; });
  if (shares_.size() >= 2 * turns_.size() + kSharesKept) absl::erase_if(shares_, idle);
  forget_at_ = 2 * shares_.size() + kSharesKept;
}

}  // namespace sluice
