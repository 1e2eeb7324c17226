#include "transport/http/out_queue.h"

#include <algorithm>
#include <utility>

namespace sluice::http {

void OutQueue::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (parts_.empty() || gathered_ || parts_.back().size() >= kCopyBytesMax) {
    parts_.push_back(std::move(spare_));
    parts_.back().clear();
    spare_ = std::string();
    gathered_ = false;
  }
  parts_.back().append(bytes);
  size_ += bytes.size();
}

void OutQueue::Append(std::string&& bytes) {
  if (bytes.size() < kCopyBytesMax) return Append(std::string_view(bytes));
  size_ += bytes.size();
  parts_.push_back(std::move(bytes));
  gathered_ = false;
}

size_t OutQueue::Gather(std::span<iovec> out) const {
  size_t n = 0;
  for (; n < out.size() && n < parts_.size(); ++n) {
    const size_t skip = n == 0 ? offset_ : 0;
    out[n] = {const_cast<char*>(parts_[n].data()) + skip, parts_[n].size() - skip};
  }
  gathered_ = n == parts_.size();
  return n;
}

void OutQueue::Consume(size_t bytes) {
  size_ -= bytes;
  while (bytes > 0) {
    const size_t part = std::min(bytes, parts_.front().size() - offset_);
    offset_ += part;
    bytes -= part;
    if (offset_ < parts_.front().size()) break;
    if (parts_.front().capacity() <= 2 * kCopyBytesMax) spare_ = std::move(parts_.front());
    parts_.pop_front();
    offset_ = 0;
  }
  gathered_ = false;
}

void OutQueue::Clear() {
  parts_.clear();
  offset_ = size_ = 0;
  gathered_ = false;
}

}  // namespace sluice::http
