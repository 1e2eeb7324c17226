// A named thread with a scheduling priority.
#pragma once

#include <string>
#include <thread>

#include "absl/functional/any_invocable.h"

namespace sluice {

// Nice values above the process's own: a saturated machine still runs loops, which answer health checks and refusals,
// before workers.
inline constexpr int kLoopNice = 0;
inline constexpr int kWorkerNice = 5;

// Asks for short turns on the CPU for the calling thread: one that runs briefly and often then runs as soon as it
// wakes, where otherwise a worker's turn of some ms ends first. No more CPU comes of it, and no privilege is needed.
// Linux before 6.12 ignores it (sched_setattr(2): sched_runtime of SCHED_OTHER).
void AskForShortSlices();

// Runs `body` on a thread that nobody waits for: what may hang must not keep the process from its end. The body owns
// what it uses.
void RunDetached(std::string name, absl::AnyInvocable<void()> body);

// Runs `body` on a thread of its own; the destructor waits for its end. Not copyable, not movable.
class Thread {
 public:
  // `name` shows in top and gdb, at most 15 characters of it.
  Thread(std::string name, int nice, absl::AnyInvocable<void()> body);
  ~Thread() { Join(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  // Waits for the body's end; again is fine. Not from the thread itself.
  void Join();

 private:
  std::thread thread_;
};

}  // namespace sluice
