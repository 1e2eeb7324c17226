// A line of JSON, put together at the speed of memcpy in memory that is kept from line to line. Who writes it knows its
// grammar; what it takes from others is quoted, and is valid UTF-8 whatever it was.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/hex.h"
#include "base/millis.h"
#include "base/plain_text.h"
#include "base/rfc3339.h"
#include "base/text.h"

namespace sluice {

class JsonLine {
 public:
  void Clear() { size_ = 0; }
  std::string_view view() const { return {bytes_.data(), size_}; }

  template <size_t N>
  void Put(const char (&literal)[N]) {
    std::memcpy(Room(N - 1), literal, N - 1);
    size_ += N - 1;
  }
  void Put(char c) {
    *Room(1) = c;
    ++size_;
  }
  // Null when it is empty.
  void PutText(std::string_view text) {
    if (text.empty()) return Put("null");
    if (!IsPlainText(text)) return PutOdd(text);
    PutPlain(text);
  }
  // What is known to need no look: a name of the program's own, a checked id.
  void PutPlain(std::string_view text) {
    char* to = Room(text.size() + 2);
    *to++ = '"';
    std::memcpy(to, text.data(), text.size());
    to[text.size()] = '"';
    size_ += text.size() + 2;
  }
  void PutNumber(uint64_t number) {
    constexpr size_t kDigitsMax = 20;
    char* const to = Room(kDigitsMax);
    size_ += static_cast<size_t>(std::to_chars(to, to + kDigitsMax, number).ptr - to);
  }
  void PutMillis(double ms) {
    char* const to = Room(kMillisBytesMax);
    size_ += static_cast<size_t>(sluice::PutMillis(ms, to) - to);
  }
  void PutHex(uint64_t id) {
    sluice::PutHex(id, Room(kIdDigits));
    size_ += kIdDigits;
  }
  void PutTime(WallTime time) {
    PutRfc3339(time, Room(kRfc3339Bytes));
    size_ += kRfc3339Bytes;
  }

 private:
  // So many bytes more.
  char* Room(size_t bytes) {
    if (size_ + bytes > bytes_.size()) bytes_.resize(2 * (size_ + bytes));
    return bytes_.data() + size_;
  }
  void PutOdd(std::string_view text) {
    std::string quoted;
    AppendJsonString(text, quoted);
    std::memcpy(Room(quoted.size()), quoted.data(), quoted.size());
    size_ += quoted.size();
  }

  std::string bytes_ = std::string(1024, '\0');
  size_t size_ = 0;
};

}  // namespace sluice
