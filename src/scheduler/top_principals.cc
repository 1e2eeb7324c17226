#include "scheduler/top_principals.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace sluice {

void PrincipalTimes::Add(Principal principal, Duration time) {
  const auto it = times_.find(principal);
  if (it != times_.end()) {
    it->second += time;
  } else {
    times_[times_.size() < kMost ? principal : kOwnWork] += time;
  }
}

void PrincipalTimes::Add(const PrincipalTimes& more) {
  for (const auto& [principal, time] : more.times_) times_[principal] += time;
}

void PrincipalTimes::Subtract(const PrincipalTimes& less) {
  for (const auto& [principal, time] : less.times_) {
    const auto it = times_.find(principal);
    if ((it->second -= time) <= Duration::zero()) times_.erase(it);
  }
}

void TopPrincipals::Add(PrincipalTimes sample) {
  sum_.Add(sample);
  samples_.push_back(std::move(sample));
  if (samples_.size() <= kWindow) return;
  sum_.Subtract(samples_.front());
  samples_.pop_front();
}

TopPrincipals::Shares TopPrincipals::Get() const {
  Shares shares;
  Duration all{};
  std::vector<Duration> times;
  for (const auto& [principal, time] : sum_.times()) {
    all += time;
    if (principal != kOwnWork) times.push_back(time);
  }
  shares.principals = times.size();
  if (all <= Duration::zero()) return shares;
  const size_t ranked = std::min(kRanks, times.size());
  std::partial_sort(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(ranked), times.end(), std::greater());
  const auto share = [all](Duration time) { return std::chrono::duration<double>(time) / all; };
  shares.others = 1;
  for (size_t i = 0; i < ranked; ++i) shares.others -= shares.ranks[i] = share(times[i]);
  shares.others = std::max(0.0, shares.others);
  return shares;
}

}  // namespace sluice
