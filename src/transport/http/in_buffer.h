// Input that a session could not take yet. Taking from its front is cheap however often it happens; an empty buffer
// keeps no memory to speak of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::http {

class InBuffer {
 public:
  void Append(std::string_view bytes) { bytes_.append(bytes); }
  std::string_view view() const { return std::string_view(bytes_).substr(at_); }
  bool empty() const { return at_ == bytes_.size(); }
  size_t size() const { return bytes_.size() - at_; }
  size_t capacity() const { return bytes_.capacity(); }

  // Views of earlier are void.
  void Take(size_t bytes) {
    at_ += bytes;
    if (empty()) return Clear();
    if (at_ < bytes_.size() / 2) return;  // each byte is moved once, on average
    bytes_.erase(0, at_);
    at_ = 0;
  }
  void Clear() {
    at_ = 0;
    bytes_.clear();
    if (bytes_.capacity() > kKeptBytesMax) std::string().swap(bytes_);  // an assignment would keep the memory
  }

 private:
  static constexpr size_t kKeptBytesMax = 1 << 10;
  std::string bytes_;
  size_t at_ = 0;
};

}  // namespace sluice::http
