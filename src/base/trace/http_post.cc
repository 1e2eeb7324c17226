#include "base/trace/http_post.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/host_port.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace sluice {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(100);  // for `stop`

// What is done until a moment, or until somebody says stop.
class Attempt {
 public:
  Attempt(TimePoint until, const std::function<bool()>& stop) : until_(until), stop_(stop) {}

  absl::Status Wait(int fd, short events) const {
    while (true) {
      const TimePoint now = SystemClock().Now();
      if (now >= until_) return absl::DeadlineExceededError("no answer in time");
      if (stop_()) return absl::CancelledError("stopping");
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::min<Duration>(kLook, until_ - now));
      pollfd one{.fd = fd, .events = events, .revents = 0};
      if (poll(&one, 1, static_cast<int>(ms.count()) + 1) > 0) return absl::OkStatus();
    }
  }

 private:
  const TimePoint until_;
  const std::function<bool()>& stop_;
};

absl::Status Failed(std::string_view what) { return absl::UnavailableError(StrCat(what, ": ", std::strerror(errno))); }

absl::StatusOr<UniqueFd> ConnectTo(const addrinfo& address, const Attempt& attempt) {
  UniqueFd fd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return Failed("socket");
  if (connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return Failed("connect");
  if (absl::Status ready = attempt.Wait(fd.get(), POLLOUT); !ready.ok()) return ready;
  socklen_t size = sizeof errno;
  if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &errno, &size) != 0 || errno != 0) return Failed("connect");
  return fd;
}

absl::StatusOr<UniqueFd> Connect(const HttpTarget& target, const Attempt& attempt) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found); error != 0) {
    return absl::UnavailableError(gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
  absl::StatusOr<UniqueFd> fd = absl::UnavailableError("no address");
  for (const addrinfo* one = found; one != nullptr && !fd.ok(); one = one->ai_next) fd = ConnectTo(*one, attempt);
  return fd;
}

absl::Status WaitFor(ClientSocket::Wants wants, const ClientSocket& socket, const Attempt& attempt) {
  return attempt.Wait(socket.fd(), wants == ClientSocket::Wants::kRead ? POLLIN : POLLOUT);
}

absl::Status Write(ClientSocket& socket, std::string_view bytes, const Attempt& attempt) {
  while (!bytes.empty()) {
    ASSIGN_OR_RETURN(const ClientSocket::Result sent, socket.Write(bytes));
    if (sent.bytes == 0) RETURN_IF_ERROR(WaitFor(sent.wants, socket, attempt));
    bytes.remove_prefix(sent.bytes);
  }
  return absl::OkStatus();
}

// "HTTP/1.1 200 …": the rest of the answer is of no interest.
absl::StatusOr<int> ReadStatus(ClientSocket& socket, const Attempt& attempt) {
  constexpr size_t kStatusAt = 9, kWanted = 12;
  char line[kWanted];
  size_t have = 0;
  while (have < kWanted) {
    ASSIGN_OR_RETURN(const ClientSocket::Result got, socket.Read(line + have, kWanted - have));
    if (got.bytes == 0) RETURN_IF_ERROR(WaitFor(got.wants, socket, attempt));
    have += got.bytes;
  }
  const std::string_view text(line, kWanted);
  int status = 0;
  for (const char c : text.substr(kStatusAt))
    status = c >= '0' && c <= '9' && status >= 0 ? status * 10 + (c - '0') : -1;
  if (!text.starts_with("HTTP/1.") || status < 0) return absl::UnavailableError("the answer is not HTTP");
  return status;
}

}  // namespace

absl::StatusOr<HttpTarget> ParseHttpTarget(std::string_view url, std::string_view port, std::string_view path) {
  constexpr std::string_view kPlain = "http://", kTls = "https://", kTlsPort = "443";
  const auto wrong = [url] {
    return absl::InvalidArgumentError(
        StrCat("'", url, "' is no URL with a port from 1 to 65535; for example http://127.0.0.1:4318"));
  };
  HttpTarget target;
  target.tls = url.starts_with(kTls);
  if (!target.tls && !url.starts_with(kPlain)) return wrong();
  url.remove_prefix(target.tls ? kTls.size() : kPlain.size());
  const size_t slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  target.path = url.size() - slash > 1 ? url.substr(slash) : path;
  const size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  const std::string_view usual_port = target.tls ? kTlsPort : port;
  const auto where =
      ParseHostPort(has_port ? std::string(authority) : StrCat(authority, ":", usual_port), AddressFor::kDialling);
  const auto odd = [](char c) { return c <= ' ' || c == 0x7f; };
  if (!where.ok() || where->host.empty() || std::any_of(url.begin(), url.end(), odd)) return wrong();
  target.host = where->host;
  target.port = where->port;
  return target;
}

absl::StatusOr<int> HttpPost(const HttpTarget& target, ssl_ctx_st* tls, std::string_view headers, std::string_view body,
                             Duration timeout, const std::function<bool()>& stop) {
  const Attempt attempt(SystemClock().Now() + timeout, stop);
  ASSIGN_OR_RETURN(UniqueFd fd, Connect(target, attempt));
  ClientSocket socket(std::move(fd), target.tls ? tls : nullptr, target.host);
  const bool v6 = target.host.find(':') != std::string::npos;
  const std::string head =
      StrCat("POST ", target.path, " HTTP/1.1\r\nHost: ", v6 ? "[" : "", target.host, v6 ? "]" : "", ":", target.port,
             "\r\nConnection: close\r\nContent-Length: ", body.size(), "\r\n", headers, "\r\n");
  RETURN_IF_ERROR(Write(socket, head, attempt));
  RETURN_IF_ERROR(Write(socket, body, attempt));
  return ReadStatus(socket, attempt);
}

}  // namespace sluice
