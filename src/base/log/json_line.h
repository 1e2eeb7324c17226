// A line of JSON, put together at the speed of memcpy: each of these puts one piece at `to`, where there is room for
// it, and returns what follows. Who writes a line knows its grammar; what it takes from others is quoted, and is valid
// UTF-8 whatever it was.
//
//   char* to = line.Room(100 + JsonTextBytesMax(name.size()));
//   to = PutLiteral("{\"name\":", to);
//   to = PutJsonText(name, to);
//   line.EndAt(PutLiteral("}", to));
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/hex.h"
#include "base/millis.h"
#include "base/plain_text.h"
#include "base/rfc3339.h"
#include "base/text.h"

namespace sluice {

template <size_t N>
char* PutLiteral(const char (&literal)[N], char* to) {
  std::memcpy(to, literal, N - 1);
  return to + N - 1;
}

constexpr size_t kNumberBytesMax = 20;
inline char* PutNumber(uint64_t number, char* to) { return std::to_chars(to, to + kNumberBytesMax, number).ptr; }

// What a text of so many bytes becomes, at most.
constexpr size_t JsonTextBytesMax(size_t bytes) { return std::max<size_t>(4, 6 * bytes + 2); }

// What is known to need no look: a name of the program's own, a checked id.
inline char* PutJsonPlain(std::string_view text, char* to) {
  *to++ = '"';
  std::memcpy(to, text.data(), text.size());
  to[text.size()] = '"';
  return to + text.size() + 1;
}

// Null when it is empty.
inline char* PutJsonText(std::string_view text, char* to) {
  if (text.empty()) return PutLiteral("null", to);
  if (IsPlainText(text)) return PutJsonPlain(text, to);
  std::string quoted;
  AppendJsonString(text, quoted);
  std::memcpy(to, quoted.data(), quoted.size());
  return to + quoted.size();
}

// Where a line is put together: memory that is kept from line to line.
class LineBuffer {
 public:
  // The line's begin; so many bytes may be written.
  char* Room(size_t bytes) {
    if (bytes > room_) {
      bytes_ = std::make_unique_for_overwrite<char[]>(bytes);
      room_ = bytes;
    }
    return bytes_.get();
  }
  void EndAt(const char* end) { size_ = static_cast<size_t>(end - bytes_.get()); }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t room_ = 0, size_ = 0;
};

}  // namespace sluice
