// Output of a connection waiting for the socket: a queue of strings, gathered into iovecs without copying large ones.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "base/budget.h"

namespace sluice::http {

class OutQueue {
 public:
  // `tab` is charged with what the queue holds; it outlives the queue.
  explicit OutQueue(BudgetTab& tab) : tab_(tab) {}
  ~OutQueue() { Clear(); }
  OutQueue(const OutQueue&) = delete;
  OutQueue& operator=(const OutQueue&) = delete;

  // Strings shorter than this are copied after the previous one: a copy is cheaper than an iovec.
  static constexpr size_t kCopyBytesMax = 2048;

  void Append(std::string_view bytes);
  void Append(std::string&& bytes);

  // Entries stay valid until Consume(), also when more is appended meanwhile.
  size_t Gather(std::span<iovec> out) const;
  void Consume(size_t bytes);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void Clear();

 private:
  struct Part {
    std::string bytes;
    size_t charged;  // a large string's memory stays until its last byte has left
  };
  void PopFront();

  BudgetTab& tab_;
  std::deque<Part> parts_;
  std::string spare_;  // an emptied small part, kept for its memory
  size_t offset_ = 0;  // consumed bytes of the first part
  size_t size_ = 0;
  mutable bool gathered_ = false;  // the last part's bytes may be in use: start a new one
};

}  // namespace sluice::http
