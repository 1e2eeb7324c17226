#include "transport/http/stream.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sluice::http {
namespace {

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

class PlainStream final : public Stream {
 public:
  explicit PlainStream(UniqueFd fd) : fd_(std::move(fd)) {}

  IoResult Read(std::span<char> into) override {
    return Taken(recv(fd_.get(), into.data(), into.size(), 0), into.size());
  }

  // MSG_TRUNC: TCP drops them (tcp(7)).
  IoResult Skip(size_t bytes, std::span<char> spare) override {
    return Taken(recv(fd_.get(), spare.data(), bytes, MSG_TRUNC), bytes);
  }

  size_t Available() const override {
    int bytes = 0;
    return ioctl(fd_.get(), FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<size_t>(bytes) : 0;
  }

  IoResult Write(std::span<const iovec> from) override {
    if (from.empty()) return {Io::kOk};
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(from.data());
    message.msg_iovlen = from.size();
    const ssize_t n = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (n < 0) return {WouldBlock() ? Io::kWouldBlock : Io::kError};
    sent_ += static_cast<size_t>(n);
    return {Io::kOk, static_cast<size_t>(n)};
  }

  uint64_t Acknowledged() const override { return AcknowledgedOf(fd_.get(), sent_); }
  void EndWriting() override { shutdown(fd_.get(), SHUT_WR); }

 private:
  static IoResult Taken(ssize_t n, size_t wanted) {
    if (n > 0) return {Io::kOk, static_cast<size_t>(n), static_cast<size_t>(n) == wanted};
    if (n == 0) return {Io::kEnd};
    return {WouldBlock() ? Io::kWouldBlock : Io::kError};
  }

  UniqueFd fd_;
  uint64_t sent_ = 0;
};

}  // namespace

uint64_t AcknowledgedOf(int fd, uint64_t sent) {
  int waiting = 0;
  if (ioctl(fd, SIOCOUTQ, &waiting) != 0 || waiting < 0) return sent;
  return sent - std::min<uint64_t>(sent, static_cast<uint64_t>(waiting));
}

std::unique_ptr<Stream> NewPlainStream(UniqueFd fd) { return std::make_unique<PlainStream>(std::move(fd)); }

}  // namespace sluice::http
