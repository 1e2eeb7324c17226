#include "cli/bench/dial.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/strings.h"

namespace sluice::cli::bench {

absl::StatusOr<Address> Resolve(const HostPort& to) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (const int error = getaddrinfo(to.host.c_str(), to.port.c_str(), &hints, &found); error != 0) {
    return Error(Reason::INVALID_REQUEST, StrCat("cannot find ", to.host, ":", to.port, ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  Address out{.bytes = found->ai_addrlen};
  std::memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
  return out;
}

absl::StatusOr<UniqueFd> Dial(const Address& to, const std::string& source_ip) {
  UniqueFd socket(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto failed = [](const char* what) {
    return Error(Reason::MODEL_UNAVAILABLE, StrCat(what, ": ", std::strerror(errno)));
  };
  if (!socket) return failed("no more sockets");
  const int on = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (!source_ip.empty()) {
    ASSIGN_OR_RETURN(const Address from, Resolve({source_ip, "0"}));
    // The port is chosen with the destination known: more connections from one address than there are free ports.
    setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&from.storage), from.bytes) != 0) return failed("bind");
  }
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.bytes) != 0 && errno != EINPROGRESS) {
    return failed("connect");
  }
  return socket;
}

bool Connected(const UniqueFd& socket) {
  int error = 0;
  socklen_t bytes = sizeof(error);
  return getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == 0;
}

}  // namespace sluice::cli::bench
