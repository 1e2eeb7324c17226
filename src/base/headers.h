// HTTP header fields or gRPC metadata: names in lower case, order kept, repeats allowed. One buffer, few allocations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"

namespace sluice {

class Headers {
 public:
  struct Field {
    std::string_view name, value;  // valid until the Headers object changes
  };

  // `name` must be in lower case already (HTTP/1.1 parsing lowers it).
  void Add(std::string_view name, std::string_view value) {
    entries_.push_back({static_cast<uint32_t>(buffer_.size()), static_cast<uint32_t>(name.size()),
                        static_cast<uint32_t>(value.size())});
    buffer_.append(name).append(value);
  }
  // Copies of all of `others`, behind what is there.
  void AddAll(const Headers& others) {
    for (size_t i = 0; i < others.size(); ++i) Add(others[i].name, others[i].value);
  }
  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  // Bytes of all names and values.
  size_t bytes() const { return buffer_.size(); }
  // Memory outside the object itself.
  size_t held_bytes() const {
    const size_t entries = entries_.capacity() > kInlineEntries ? entries_.capacity() * sizeof(Entry) : 0;
    return buffer_.capacity() + entries;
  }
  Field operator[](size_t i) const {
    const Entry& e = entries_[i];
    const std::string_view all = buffer_;
    return {all.substr(e.at, e.name), all.substr(e.at + e.name, e.value)};
  }
  // First value of `name`; nothing when absent.
  std::optional<std::string_view> Find(std::string_view name) const {
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (const Field field = (*this)[i]; field.name == name) return field.value;
    }
    return std::nullopt;
  }
  // First value of `name`, or "".
  std::string_view Get(std::string_view name) const { return Find(name).value_or(std::string_view()); }
  void Clear() {
    buffer_.clear();
    entries_.clear();
  }

 private:
  static constexpr size_t kInlineEntries = 12;
  struct Entry {
    uint32_t at, name, value;
  };
  std::string buffer_;
  absl::InlinedVector<Entry, kInlineEntries> entries_;
};

}  // namespace sluice
