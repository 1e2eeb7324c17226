// What the process does on signals, decided on one thread from the first moment on.
//
//   SIGINT, SIGTERM   end it: once it is Serving, Wait() returns and main drains; before that the process ends at once,
//                     also in the middle of loading a model; during a drain a second one ends it at once
//   SIGHUP, SIGUSR1   reopen log files; never end it
//   SIGPIPE, SIGXFSZ  ignored: the write fails instead, and who wrote decides (a log counts the line as lost)
#pragma once

#include <condition_variable>
#include <csignal>
#include <functional>
#include <mutex>

#include "base/thread.h"

namespace sluice {

class Signals {
 public:
  // Before any other thread starts: those made later leave the signals to this one.
  Signals();
  // The signals do nothing from then on.
  ~Signals();
  Signals(const Signals&) = delete;

  // Runs on the signals' thread for each SIGHUP and SIGUSR1; one that came before this was set is not kept: files that
  // are opened later are new anyway. Never after it was set to null.
  void OnReopen(std::function<void()> reopen);

  // From now on SIGINT and SIGTERM end it by a drain.
  void Serving();

  // The signal that ends the process.
  int Wait();

 private:
  void Run();
  void End(int signal);

  sigset_t set_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::function<void()> reopen_;
  bool serving_ = false;
  bool stop_ = false;
  int end_ = 0;
  Thread thread_;
};

}  // namespace sluice
