// A listening socket and its acceptor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/asio_loop.h"
#include "base/unique_fd.h"
#include "transport/http/forwarded.h"

namespace sluice::http {

struct BoundSocket {
  UniqueFd fd;
  IpBytes ip;
  uint16_t port = 0;
};

// "HOST:PORT"; HOST is a name, an IPv4 address, "[IPv6]", or "" for all addresses. Port 0 picks one.
absl::StatusOr<BoundSocket> BindTcp(const std::string& address);

// Accepts on its loop until destroyed (there). Out of descriptors or memory it pauses, logs, and tries again.
class Acceptor final : private FdEvents {
 public:
  // A connected, non-blocking socket.
  using OnSocket = std::function<void(UniqueFd fd, const IpBytes& ip, uint16_t port)>;

  Acceptor(AsioLoop& loop, UniqueFd fd, OnSocket on_socket);
  ~Acceptor() override;

 private:
  void OnReadable() override;
  void OnWritable() override {}
  void Pause(int error);

  AsioLoop& loop_;
  UniqueFd fd_;
  OnSocket on_socket_;
  std::unique_ptr<FdWatch> watch_;
  Loop::TimerId pause_ = 0;
  TimePoint logged_{};
};

}  // namespace sluice::http
