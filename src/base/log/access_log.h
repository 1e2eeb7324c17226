// Where access-log lines go: a file, a pipe or nowhere. A reader that stalls stops nobody (base/log/line_log.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/log/line_log.h"

namespace sluice {

class AccessLog {
 public:
  struct Options {
    Duration patience = std::chrono::seconds(1);  // how long a line waits for a reader that stalls
    bool waits = false;                           // the calls wait for the reader instead: Congested()
  };

  // Nowhere.
  AccessLog() = default;
  // To a descriptor that is not ours.
  AccessLog(int fd, const Options& options);
  // "off", "stdout", "stderr", or a file that is appended to, and reopened if it was renamed or removed.
  static absl::StatusOr<std::unique_ptr<AccessLog>> Open(const std::string& where, const Options& options);

  bool enabled() const { return lines_.has_value(); }
  // `line` without the newline. Never blocks. Any thread, like all of these.
  void Append(std::string_view line) {
    if (lines_) lines_->Append(line);
  }
  bool Congested() const { return lines_ && lines_->Congested(); }
  // Waits until what was appended before is written, at most so long; returns how many lines still wait.
  uint64_t Flush(Duration at_most) { return lines_ ? lines_->Flush(at_most) : 0; }
  // A file: reopens it before the next line, for a program that rotates logs.
  void Reopen() {
    if (lines_) lines_->Reopen();
  }
  // Lines that were not written, so far.
  uint64_t lost() const { return lines_ ? lines_->lost() : 0; }

 private:
  std::optional<LineLog> lines_;
};

}  // namespace sluice
