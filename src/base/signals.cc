#include "base/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "base/log/log.h"

namespace sluice {
namespace {

sigset_t Block() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
  return set;
}

}  // namespace

Signals::Signals() : set_(Block()), thread_("signals", 0, [this] { Run(); }) {}

Signals::~Signals() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  kill(getpid(), SIGUSR1);
  thread_.Join();
}

void Signals::OnReopen(std::function<void()> reopen) {
  const std::lock_guard lock(mutex_);
  reopen_ = std::move(reopen);
}

void Signals::Serving() {
  const std::lock_guard lock(mutex_);
  serving_ = true;
}

int Signals::Wait() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return end_ != 0; });
  return end_;
}

void Signals::Run() {
  for (int signal = 0; sigwait(&set_, &signal) == 0;) {
    const std::lock_guard lock(mutex_);
    if (stop_) return;
    if (signal == SIGINT || signal == SIGTERM) {
      End(signal);
    } else if (reopen_) {
      reopen_();
    }
  }
}

// With mutex_ held.
void Signals::End(int signal) {
  if (!serving_ || end_ != 0) {
    // A second one is for when something hangs, which may be the log.
    if (!serving_) {
      LogWarning("server.stopped_at_start", {{"signal", signal}});
      FlushLog(std::chrono::milliseconds(200));
    }
    std::_Exit(128 + signal);
  }
  end_ = signal;
  ended_.notify_all();
}

}  // namespace sluice
