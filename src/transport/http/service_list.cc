#include "transport/http/service_list.h"

#include <algorithm>

namespace sluice::http {

void ServiceList::Add(Serviced& one) {
  if (one.listed_) return;
  one.listed_ = true;
  waiting_.push_back(&one);
  if (waiting_.size() == 1) loop_.Post([this] { Run(); });
}

void ServiceList::Remove(Serviced& one) {
  if (one.listed_) std::erase(waiting_, &one);
  // May be on its way out while others are served.
  std::replace(running_.begin(), running_.end(), &one, static_cast<Serviced*>(nullptr));
}

void ServiceList::Run() {
  running_.swap(waiting_);
  for (size_t i = 0; i < running_.size(); ++i) {
    if (running_[i] == nullptr) continue;
    running_[i]->listed_ = false;
    running_[i]->Service();
  }
  running_.clear();
}

}  // namespace sluice::http
