// What the service manager that started this process (systemd) wants to hear of it, as sd_notify(3) says it: datagrams
// with a few lines, sent without systemd's library.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice {

class ServiceManager {
 public:
  // `socket` is a path, or "@name" of an abstract one; empty: nobody listens, and nothing is sent. `watchdog`: how long
  // this process may be silent; zero for ever.
  explicit ServiceManager(std::string socket, Duration watchdog = {})
      : socket_(std::move(socket)), watchdog_(watchdog) {}
  // NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  static ServiceManager FromEnvironment();

  // Any thread; at most a second, whatever the manager does. Nobody answers, and a lost word harms only the service's
  // own start or reload.
  void Ready() const;  // also when a reload is done
  void Reloading() const;
  void Stopping() const;
  // Within every `watchdog()`. Never waits, so that a loop may say it.
  void Alive() const;

  Duration watchdog() const { return watchdog_; }

 private:
  void Send(std::string_view lines, int flags = 0) const;

  std::string socket_;
  Duration watchdog_;
};

// How long the process `pid` may be silent, of WATCHDOG_USEC and WATCHDOG_PID (null: not set); zero for ever.
Duration WatchdogOf(const char* usec, const char* for_pid, int64_t pid);

}  // namespace sluice
