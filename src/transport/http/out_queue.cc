#include "transport/http/out_queue.h"

#include <algorithm>
#include <utility>

namespace sluice::http {

void OutQueue::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (parts_.empty() || gathered_ || parts_.back().bytes.size() >= kCopyBytesMax) {
    parts_.push_back({std::exchange(spare_, {}), 0});
    gathered_ = false;
  }
  parts_.back().bytes.append(bytes);
  parts_.back().charged += bytes.size();
  tab_.Add(bytes.size());
  size_ += bytes.size();
}

void OutQueue::Append(std::string&& bytes) {
  if (bytes.size() < kCopyBytesMax) return Append(std::string_view(bytes));
  size_ += bytes.size();
  const size_t charged = bytes.capacity();
  parts_.push_back({std::move(bytes), charged});
  tab_.Add(charged);
  gathered_ = false;
}

size_t OutQueue::Gather(std::span<iovec> out) const {
  size_t n = 0;
  for (; n < out.size() && n < parts_.size(); ++n) {
    const size_t skip = n == 0 ? offset_ : 0;
    const std::string& bytes = parts_[n].bytes;
    out[n] = {const_cast<char*>(bytes.data()) + skip, bytes.size() - skip};
  }
  gathered_ = n == parts_.size();
  return n;
}

void OutQueue::Consume(size_t bytes) {
  size_ -= bytes;
  while (bytes > 0) {
    std::string& front = parts_.front().bytes;
    const size_t part = std::min(bytes, front.size() - offset_);
    offset_ += part;
    bytes -= part;
    if (offset_ < front.size()) break;
    PopFront();
  }
  gathered_ = false;
}

void OutQueue::PopFront() {
  Part& front = parts_.front();
  tab_.Remove(front.charged);
  if (front.bytes.capacity() <= 2 * kCopyBytesMax) {
    spare_ = std::move(front.bytes);
    spare_.clear();
  }
  parts_.pop_front();
  offset_ = 0;
}

void OutQueue::Clear() {
  while (!parts_.empty()) PopFront();
  size_ = 0;
  gathered_ = false;
}

}  // namespace sluice::http
