#include "base/exit_guard.h"

#include <unistd.h>

#include "base/log/log.h"

namespace sluice {

ExitGuard::ExitGuard(TimePoint deadline) : thread_("exit guard", kLoopNice, [this, deadline] { Wait(deadline); }) {}

ExitGuard::~ExitGuard() {
  {
    std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_one();
  thread_.Join();
}

void ExitGuard::Wait(TimePoint deadline) {
  std::unique_lock lock(mutex_);
  if (wake_.wait_until(lock, deadline, [this] { return over_; })) return;
  LogWarning("server.stopped", {{"clean", false}, {"cut", "the end of threads that do not stop"}});
  FlushLog(std::chrono::milliseconds(500));
  _exit(0);
}

}  // namespace sluice
