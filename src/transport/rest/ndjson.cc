#include "transport/rest/ndjson.h"

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"

namespace sluice::rest {
namespace {

// White space before a value means nothing, and is not kept: a line of nothing else may be as long as it likes. All
// such lines at once, because a client may send nothing else.
std::string_view WithoutBlanks(std::string_view text) {
  size_t blanks = 0;
  while (blanks < text.size() &&
         (text[blanks] == ' ' || text[blanks] == '\n' || text[blanks] == '\r' || text[blanks] == '\t')) {
    ++blanks;
  }
  return text.substr(blanks);
}

std::string_view WithoutCr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

absl::StatusOr<bool> LineCutter::Next(std::string_view& in, std::string_view& line) {
  if (given_) {
    given_ = false;
    buffer_ = std::string();
  }
  if (buffer_.empty()) in = WithoutBlanks(in);
  if (in.empty()) return false;
  const size_t end = in.find('\n');
  const std::string_view part = in.substr(0, end);
  if (buffer_.size() + part.size() > line_bytes_max_) {
    return Error(Reason::BODY_TOO_LARGE,
                 StrCat("a line is longer than ", line_bytes_max_, " bytes; send less per line"));
  }
  const bool whole = buffer_.empty() && end != std::string_view::npos;
  if (!whole) buffer_.append(part);
  in.remove_prefix(end == std::string_view::npos ? in.size() : end + 1);
  if (end == std::string_view::npos) return false;
  line = WithoutCr(whole ? part : std::string_view(buffer_));
  given_ = !whole;
  return true;
}

bool LineCutter::TakeLast(std::string_view& line) {
  if (!mid_line()) return false;
  line = WithoutCr(buffer_);
  given_ = true;
  return true;
}

}  // namespace sluice::rest
