#include "cli/doctor/system.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/cpus.h"
#include "base/host_port.h"
#include "base/memory.h"
#include "base/open_files.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "cli/http_client.h"
#include "transport/http/tls.h"

namespace sluice::cli::doctor {
namespace {

namespace config = ai::inference::config;

Finding CheckOpenFiles(const config::Server& options) {
  const size_t files = RaiseOpenFiles(), connections = ConnectionsFor(files);
  const std::string text = StrCat(files, " open files allow ", connections, " connections");
  if (connections >= options.http().connections_max()) return Good("limits", text);
  return Hint("limits", StrCat(text, "; http.connections_max is ", options.http().connections_max()),
              "raise the hard limit of open files (ulimit -Hn, LimitNOFILE=)");
}

Finding CheckMemory(const config::Server& options) {
  const uint64_t limit = MemoryLimit();
  const std::string text = StrCat(AvailableCpus(), " CPUs, ", limit >> 20, " MiB of memory");
  if (options.http().inflight_bytes_max() <= limit / 2) return Good("limits", text);
  return Hint("limits",
              StrCat(text, "; calls alone may hold ", options.http().inflight_bytes_max() >> 20, " MiB of it"),
              "set http.inflight_bytes_max to at most half the memory");
}

Finding CheckProc() {
  for (const char* path : {"/proc/self/fd", "/proc/stat"}) {
    if (access(path, R_OK) != 0) {
      return Problem("system", StrCat("cannot read ", path), "mount /proc and /sys: models need them");
    }
  }
  return Good("system", "/proc is there");
}

// Deadlines of other machines, certificates, keys and quotas go by the wall clock.
Finding CheckClock() {
  timex state{};
  const int synchronised = adjtimex(&state);
  if (synchronised == -1) return Good("clock", "whether it is synchronised cannot be seen here");
  if (synchronised != TIME_ERROR && (state.status & STA_UNSYNC) == 0) return Good("clock", "synchronised");
  return Hint("clock", "the kernel does not know it to be synchronised", "run chrony or systemd-timesyncd");
}

struct Free {
  void operator()(addrinfo* info) const { freeaddrinfo(info); }
};

Finding CheckPort(const config::Listener& listener) {
  const std::string about = StrCat("listener ", listener.address());
  const auto where = ParseHostPort(listener.address(), AddressFor::kListening);
  if (!where.ok()) return Problem(about, std::string(where.status().message()), "for example 127.0.0.1:8000");
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const char* const host = where->host.empty() ? nullptr : where->host.c_str();
  if (const int error = getaddrinfo(host, where->port.c_str(), &hints, &found); error != 0) {
    return Problem(about, gai_strerror(error), "name an address of this machine");
  }
  const std::unique_ptr<addrinfo, Free> owned(found);
  const UniqueFd fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd.get(), found->ai_addr, found->ai_addrlen) == 0 && listen(fd.get(), 1) == 0) return Good(about, "free");
  const int error = errno;
  if (error == EADDRINUSE && HttpGet(listener.address(), "/healthz", absl::Seconds(2)).ok()) {
    return Hint(about, "a server answers there already", "stop it first, or give this one another port");
  }
  return Problem(
      about, std::strerror(error),
      error == EACCES ? "ports below 1024 need a right: CAP_NET_BIND_SERVICE" : "give it another port or address");
}

Finding CheckCertificate(const config::Listener& listener) {
  constexpr int kSoonDays = 21;
  const std::string about = StrCat("certificate of ", listener.address());
  const auto certificate = http::TlsCertificate::Load({.certificate_file = listener.tls().certificate(),
                                                       .key_file = listener.tls().key(),
                                                       .client_ca_file = listener.tls().client_ca()});
  if (!certificate.ok()) {
    return Problem(about, std::string(certificate.status().message()),
                   "give it a PEM file and the key that belongs to it");
  }
  const auto days = (*certificate)->DaysLeft();
  if (!days) return Good(about, "loads");
  if (*days < 0)
    return Problem(about, StrCat("expired ", -*days, " days ago"),
                   "renew it; a running server takes the new file by itself");
  if (*days < kSoonDays) return Hint(about, StrCat("expires in ", *days, " days"), "renew it");
  return Good(about, StrCat("valid for ", *days, " days"));
}

}  // namespace

Findings CheckMachine(const config::Server& options) {
  return {CheckProc(), CheckOpenFiles(options), CheckMemory(options), CheckClock()};
}

Findings CheckListeners(const config::Server& options) {
  Findings findings;
  for (const config::Listener& listener : options.listeners()) {
    findings.push_back(CheckPort(listener));
    if (listener.has_tls()) findings.push_back(CheckCertificate(listener));
  }
  return findings;
}

}  // namespace sluice::cli::doctor
