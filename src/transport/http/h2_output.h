// Bytes of one HTTP/2 connection on their way to the socket: frames copied into blocks, large payloads by reference.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/budget.h"

namespace sluice::http {

// Bytes shared by a stream's queue and the output until the last of them is written. One loop, so a plain count.
class H2Payload {
 public:
  // `tab` is charged with its memory, and outlives it; null = it is too small to count.
  static H2Payload* Make(std::string bytes, BudgetTab* tab) { return new H2Payload(std::move(bytes), tab); }
  void Ref() { ++refs_; }
  void Unref() {
    if (--refs_ == 0) delete this;
  }
  // Only while nobody else refers to it.
  bool TryAppend(std::string_view more, size_t bytes_max) {
    if (refs_ > 1 || bytes_.size() + more.size() > bytes_max) return false;
    bytes_.append(more);
    Recharge();
    return true;
  }
  const std::string& bytes() const { return bytes_; }
  char* data() { return bytes_.data(); }

 private:
  H2Payload(std::string bytes, BudgetTab* tab) : bytes_(std::move(bytes)), tab_(tab) { Recharge(); }
  ~H2Payload() {
    if (tab_ != nullptr) tab_->Remove(charged_);
  }
  void Recharge() {
    if (tab_ == nullptr) return;
    tab_->Remove(charged_);
    tab_->Add(charged_ = sizeof(*this) + bytes_.capacity());
  }
  uint32_t refs_ = 1;
  std::string bytes_;
  BudgetTab* const tab_;
  size_t charged_ = 0;
};

class H2Output {
 public:
  explicit H2Output(BudgetTab& tab) : tab_(tab) {}
  H2Output(const H2Output&) = delete;
  H2Output& operator=(const H2Output&) = delete;
  ~H2Output();

  // Copies.
  void Append(std::string_view bytes);
  // `part` is in `payload`, which is held until it is written.
  void AppendPart(H2Payload& payload, std::string_view part);

  // As Session::Gather and Session::Written.
  size_t Gather(std::span<iovec> out) const;
  void Written(size_t bytes);

  size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

 private:
  struct Segment {
    const char* data;
    size_t size;
    H2Payload* holder;
  };
  void OpenBlock();
  void PopSegment();

  BudgetTab& tab_;
  // From first_ on; those before it are written. (A deque would hold 570 bytes for an idle connection.)
  std::vector<Segment> segments_;
  size_t first_ = 0;
  H2Payload* block_ = nullptr;  // where Append writes
  size_t block_used_ = 0;
  size_t bytes_ = 0;
};

}  // namespace sluice::http
