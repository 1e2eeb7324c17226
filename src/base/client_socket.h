// The bytes of a connection that this program makes (to Redis, to a collector), plain or under TLS; nothing blocks.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

struct ssl_ctx_st;
struct ssl_st;

namespace sluice {

// What the connections share: trusts the authorities of `ca_file`, or those of the system when it is empty. The error
// says what is wrong with the file.
absl::StatusOr<std::shared_ptr<ssl_ctx_st>> ClientTlsContext(const std::string& ca_file);
// They prove to the server who they are, by what two PEM files hold. The error says what is wrong with them.
absl::Status PresentCertificate(ssl_ctx_st& context, const std::string& certificate_file, const std::string& key_file);

class ClientSocket {
 public:
  enum class Wants { kRead, kWrite };  // before it can go on
  struct Result {
    size_t bytes = 0;
    Wants wants = Wants::kRead;  // when bytes is 0
  };

  // `fd` is connected and non-blocking. With a context: TLS to the server that can prove to be `host`.
  ClientSocket(UniqueFd fd, ssl_ctx_st* tls, const std::string& host);
  ~ClientSocket();

  int fd() const { return fd_.get(); }
  // The error: the connection is over; UNAUTHENTICATED: the server could not prove who it is.
  absl::StatusOr<Result> Read(char* into, size_t size);
  absl::StatusOr<Result> Write(std::string_view bytes);

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  absl::StatusOr<Result> After(int tls_result) const;

  UniqueFd fd_;
  std::unique_ptr<ssl_st, Free> ssl_;  // null: plain
};

}  // namespace sluice
