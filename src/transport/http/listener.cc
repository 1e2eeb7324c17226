#include "transport/http/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/host_port.h"
#include "base/log/log.h"
#include "base/long_turn.h"
#include "base/strings.h"

namespace sluice::http {
namespace {

constexpr int kBacklog = 1024;
constexpr int kAcceptsPerEvent = 64;
constexpr Duration kPause = std::chrono::milliseconds(100);
constexpr Duration kLogEvery = std::chrono::seconds(60);

std::pair<IpBytes, uint16_t> AddressOf(const sockaddr_storage& address) {
  IpBytes ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    std::memcpy(ip.data() + 12, &v4.sin_addr, 4);
    return {ip, ntohs(v4.sin_port)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  std::memcpy(ip.data(), &v6.sin6_addr, 16);
  return {ip, ntohs(v6.sin6_port)};
}

absl::Status Failed(const std::string& address, std::string_view what, std::string_view why) {
  return absl::UnavailableError(StrCat("cannot listen on ", address, ": ", what, ": ", why));
}

void SetOption(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof(on));
}

absl::StatusOr<BoundSocket> BindTo(const std::string& address, const addrinfo& to) {
  BoundSocket bound;
  bound.fd = UniqueFd(socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = bound.fd.get();
  if (fd < 0) return Failed(address, "socket", std::strerror(errno));
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR);
  // Accepted sockets inherit these.
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE);
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY);
  if (bind(fd, to.ai_addr, to.ai_addrlen) != 0) return Failed(address, "bind", std::strerror(errno));
  if (listen(fd, kBacklog) != 0) return Failed(address, "listen", std::strerror(errno));
  sockaddr_storage own{};
  socklen_t size = sizeof(own);
  getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size);
  std::tie(bound.ip, bound.port) = AddressOf(own);
  return bound;
}

}  // namespace

absl::StatusOr<BoundSocket> BindTcp(const std::string& address) {
  const auto where = ParseHostPort(address, AddressFor::kListening);
  if (!where.ok()) return absl::InvalidArgumentError(StrCat("cannot listen: ", ToStd(where.status().message())));
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const char* const host = where->host.empty() ? nullptr : where->host.c_str();
  const int error = getaddrinfo(host, where->port.c_str(), &hints, &found);
  if (error != 0) return Failed(address, "resolve", gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  return BindTo(address, *found);
}

Acceptor::Acceptor(AsioLoop& loop, UniqueFd fd, OnSocket on_socket)
    : loop_(loop), fd_(std::move(fd)), on_socket_(std::move(on_socket)), watch_(loop.Watch(fd_.get(), *this)) {
  watch_->WantRead();
}

Acceptor::~Acceptor() { loop_.Cancel(pause_); }

void Acceptor::OnReadable() {
  for (int i = 0; i < kAcceptsPerEvent; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    UniqueFd fd(accept4(fd_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return Pause(errno);
      if (errno == EAGAIN) break;
      continue;  // that one client is gone again
    }
    const auto [ip, port] = AddressOf(from);
    on_socket_(std::move(fd), ip, port);
    if (TurnIsLong(loop_)) break;  // a handshake's computing, when its first bytes are there already
  }
  watch_->WantRead();
}

// The connection stays in the kernel's queue; without a pause its readiness would spin the loop.
void Acceptor::Pause(int error) {
  if (loop_.Now() - logged_ >= kLogEvery) {
    logged_ = loop_.Now();
    LogError("http.accept_paused", {{"error", std::strerror(error)}, {"hint", "raise the limit of open files"}});
  }
  pause_ = loop_.At(loop_.Now() + kPause, [this] {
    pause_ = 0;
    OnReadable();
  });
}

}  // namespace sluice::http
