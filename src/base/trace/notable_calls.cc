#include "base/trace/notable_calls.h"

#include <algorithm>

namespace sluice {

void NotableCalls::Offer(const CallRecordPtr& record) {
  std::vector<CallRecordPtr> gone;  // ends outside the lock
  const std::lock_guard lock(mutex_);
  calls_.push_back(record);
  bytes_ += record->held_bytes();
  while (calls_.size() > options_.calls_max || (bytes_ > options_.bytes_max && calls_.size() > 1)) {
    bytes_ -= calls_.front()->held_bytes();
    gone.push_back(std::move(calls_.front()));
    calls_.pop_front();
  }
}

std::vector<CallRecordPtr> NotableCalls::Find(std::string_view id, size_t most) const {
  std::vector<CallRecordPtr> all = Latest(options_.calls_max), found;  // searched outside the lock: calls do not wait
  for (CallRecordPtr& call : all) {
    if (found.size() == most) break;
    if (call->request_id == id || call->trace.TraceId() == id) found.push_back(std::move(call));
  }
  return found;
}

std::vector<CallRecordPtr> NotableCalls::Latest(size_t most) const {
  const std::lock_guard lock(mutex_);
  const size_t count = std::min(most, calls_.size());
  return {calls_.rbegin(), calls_.rbegin() + static_cast<std::ptrdiff_t>(count)};
}

size_t NotableCalls::size() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

size_t NotableCalls::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace sluice
