#include "base/redis/dial.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/config/file.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr size_t kPasswordBytesMax = 4096;

absl::StatusOr<UniqueFd> ConnectTo(const addrinfo& to, Duration patience) {
  UniqueFd fd(socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return absl::UnavailableError(std::strerror(errno));
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  if (connect(fd.get(), to.ai_addr, to.ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return absl::UnavailableError(std::strerror(errno));
  pollfd event{.fd = fd.get(), .events = POLLOUT, .revents = 0};
  if (poll(&event, 1, static_cast<int>(ToMs(patience))) <= 0) return absl::UnavailableError("no answer to connect");
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return absl::UnavailableError(std::strerror(error));
  return fd;
}

}  // namespace

absl::StatusOr<std::string> ReadRedisPassword(const std::string& file) {
  if (file.empty()) return std::string();
  ASSIGN_OR_RETURN(std::string text, ReadFile(file, kPasswordBytesMax));
  text.resize(std::min(text.size(), text.find_first_of("\r\n")));
  return text;
}

absl::StatusOr<RedisDialled> DialRedis(const HostPort& address, const std::string& password_file, Duration patience) {
  RedisDialled dialled;
  ASSIGN_OR_RETURN(dialled.password, ReadRedisPassword(password_file));
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (error != 0) return absl::UnavailableError(StrCat("cannot be found: ", gai_strerror(error)));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  absl::Status last = absl::UnavailableError("cannot be found");
  for (const addrinfo* to = found; to != nullptr; to = to->ai_next) {
    absl::StatusOr<UniqueFd> fd = ConnectTo(*to, patience);
    if (fd.ok()) {
      dialled.fd = *std::move(fd);
      return dialled;
    }
    last = fd.status();
  }
  return last;
}

}  // namespace sluice
