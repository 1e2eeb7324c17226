// Cuts NDJSON (one JSON value per line) into lines as the bytes arrive. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice::rest {

// A line that is whole in one piece of input is never copied. Lines end in LF or CRLF; blank ones are skipped,
// and so are blanks before a value.
class LineCutter {
 public:
  explicit LineCutter(size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}
  // Before the first Next: a lower bound, for this method.
  void Limit(size_t line_bytes_max) { line_bytes_max_ = std::min(line_bytes_max_, line_bytes_max); }

  // Takes bytes from the front of `in`. True: `line` is complete, valid until the next call and as long as the input.
  // False: all of `in` is taken and more is needed. BODY_TOO_LARGE: the input is then over.
  absl::StatusOr<bool> Next(std::string_view& in, std::string_view& line);
  // The end of the input: true when it ended in a line without a line end.
  bool TakeLast(std::string_view& line);

  bool mid_line() const { return !buffer_.empty() && !given_; }
  // What the buffer holds of memory.
  size_t buffered() const { return buffer_.capacity(); }

 private:
  size_t line_bytes_max_;
  std::string buffer_;  // of the present line, so far
  bool given_ = false;  // buffer_ was given out by the last call
};

}  // namespace sluice::rest
