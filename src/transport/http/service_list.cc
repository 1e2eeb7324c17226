#include "transport/http/service_list.h"

#include <algorithm>
#include <utility>

#include "base/long_turn.h"

namespace sluice::http {

void ServiceList::Add(Serviced& one) {
  if (one.listed_) return;
  one.listed_ = true;
  waiting_.push_back(&one);
  if (!std::exchange(scheduled_, true)) loop_.Post([this] { Run(); });
}

void ServiceList::Remove(Serviced& one) {
  if (one.listed_) std::erase(waiting_, &one);
  // May be on its way out while others are served.
  std::replace(running_.begin(), running_.end(), &one, static_cast<Serviced*>(nullptr));
}

// Posted tasks run in the same turn; a timer, in the next at the earliest.
void ServiceList::Run() {
  if (TurnIsLong(loop_)) {
    loop_.At(loop_.Now(), [this] { Serve(); });
  } else {
    Serve();
  }
}

void ServiceList::Serve() {
  scheduled_ = false;
  running_.swap(waiting_);
  const TimePoint begun = loop_.clock().Now();
  size_t i = 0;
  while (i < running_.size()) {
    if (Serviced* const one = running_[i++]) {
      one->listed_ = false;
      one->Service();
    }
    if (loop_.clock().Now() - begun >= kTurnMax) break;
  }
  // The rest goes before those that were added meanwhile.
  running_.erase(running_.begin(), running_.begin() + static_cast<ptrdiff_t>(i));
  std::erase(running_, nullptr);
  if (!running_.empty() && !std::exchange(scheduled_, true)) loop_.At(loop_.Now(), [this] { Serve(); });
  waiting_.insert(waiting_.begin(), running_.begin(), running_.end());
  running_.clear();
}

}  // namespace sluice::http
