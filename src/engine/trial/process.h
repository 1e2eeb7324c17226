// Runs one child process to its end, whatever it does: a bounded amount of what it writes, a bounded time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"

namespace sluice::trial {

struct ChildOptions {
  std::string program;
  std::vector<std::string> arguments;  // without the program's name
  std::vector<int> fds;                // the child's descriptors from 3 on; the report's pipe is put in at kReportFd
  std::string scratch;                 // its TMPDIR; empty: ours
  Duration timeout;
  // While true the child goes on; asked about twenty times a second.
  std::function<bool()> go_on;
  // Asked with what was reported so far whenever there is more: the time at which the child is stopped, if earlier.
  std::function<TimePoint(const std::string& report, TimePoint now)> until;
};

struct ChildEnd {
  int signal = 0;  // that ended it; 0: it exited
  int exit_code = 0;
  enum class Stopped : uint8_t {
    kNo,
    kTimeout,
    kUntil,
    kTooMuch,
    kOrdered
  } stopped = Stopped::kNo;  // killed by us, and why
  std::string report;        // from its pipe
  std::string errors;        // the end of what it wrote to stderr
};

// An error: no process could be started; it says why.
absl::StatusOr<ChildEnd> RunChild(const ChildOptions& options);

}  // namespace sluice::trial
