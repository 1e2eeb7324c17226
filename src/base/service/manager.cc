#include "base/service/manager.h"

#include <absl/strings/numbers.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/strings.h"
#include "base/unique_fd.h"

namespace sluice {
namespace {

// systemd wants CLOCK_MONOTONIC, whatever a Clock may be.
int64_t MonotonicMicros() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

Duration WatchdogOf(const char* usec, const char* for_pid, int64_t pid) {
  int64_t micros = 0, meant = pid;
  if (usec == nullptr || !absl::SimpleAtoi(usec, &micros) || micros <= 0) return {};
  if (for_pid != nullptr && (!absl::SimpleAtoi(for_pid, &meant) || meant != pid)) return {};
  return std::chrono::microseconds(micros);
}

ServiceManager ServiceManager::FromEnvironment() {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  return ServiceManager(socket == nullptr ? "" : socket,
                        WatchdogOf(std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID"), getpid()));
}

void ServiceManager::Ready() const { Send("READY=1"); }

void ServiceManager::Reloading() const { Send(StrCat("RELOADING=1\nMONOTONIC_USEC=", MonotonicMicros())); }

void ServiceManager::Stopping() const { Send("STOPPING=1"); }

void ServiceManager::Alive() const { Send("WATCHDOG=1", MSG_DONTWAIT); }

void ServiceManager::Send(std::string_view lines, int flags) const {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (socket_.empty() || (socket_[0] != '/' && socket_[0] != '@') || socket_.size() >= sizeof to.sun_path) return;
  std::memcpy(to.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') to.sun_path[0] = '\0';
  const UniqueFd from(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (from.get() < 0) return;
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(from.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sendto(from.get(), lines.data(), lines.size(), flags | MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size()));
}

}  // namespace sluice
