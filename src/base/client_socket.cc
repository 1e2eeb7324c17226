#include "base/client_socket.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/host_port.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr size_t kRecordBytes = 16 << 10;

std::string TlsError() {
  char text[256] = "no detail";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return text;
}

// Whom the certificate must name.
void Expect(SSL* ssl, const std::string& host) {
  if (IsIpAddress(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<ssl_ctx_st>> ClientTlsContext(const std::string& ca_file) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // What waits to be written may move meanwhile, and grow.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ERR_clear_error();
  const int trusts = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                     : SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr);
  if (trusts == 1) return context;
  return absl::InvalidArgumentError(StrCat("'", ca_file, "' cannot be read: ", TlsError()));
}

absl::Status PresentCertificate(ssl_ctx_st& context, const std::string& certificate_file, const std::string& key_file) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(&context, certificate_file.c_str()) != 1) {
    return absl::InvalidArgumentError(StrCat("'", certificate_file, "' cannot be read: ", TlsError()));
  }
  if (SSL_CTX_use_PrivateKey_file(&context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return absl::InvalidArgumentError(
        StrCat("'", key_file, "' cannot be read, or is no key of '", certificate_file, "': ", TlsError()));
  }
  return absl::OkStatus();
}

void ClientSocket::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

ClientSocket::ClientSocket(UniqueFd fd, ssl_ctx_st* tls, const std::string& host) : fd_(std::move(fd)) {
  if (tls == nullptr) return;
  ssl_.reset(SSL_new(tls));
  SSL_set_fd(ssl_.get(), fd_.get());
  SSL_set_connect_state(ssl_.get());
  Expect(ssl_.get(), host);
}

ClientSocket::~ClientSocket() = default;

absl::StatusOr<ClientSocket::Result> ClientSocket::Read(char* into, size_t size) {
  if (ssl_) {
    ERR_clear_error();
    return After(SSL_read(ssl_.get(), into, static_cast<int>(size)));
  }
  const ssize_t n = recv(fd_.get(), into, size, 0);
  if (n > 0) return Result{.bytes = static_cast<size_t>(n)};
  if (n == 0) return absl::UnavailableError("it closed the connection");
  if (errno == EAGAIN || errno == EINTR) return Result{.wants = Wants::kRead};
  return absl::UnavailableError(std::strerror(errno));
}

absl::StatusOr<ClientSocket::Result> ClientSocket::Write(std::string_view bytes) {
  if (ssl_) {
    ERR_clear_error();
    return After(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min(bytes.size(), kRecordBytes))));
  }
  const ssize_t n = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n >= 0) return Result{.bytes = static_cast<size_t>(n), .wants = Wants::kWrite};
  if (errno == EAGAIN || errno == EINTR) return Result{.wants = Wants::kWrite};
  return absl::UnavailableError(std::strerror(errno));
}

absl::StatusOr<ClientSocket::Result> ClientSocket::After(int tls_result) const {
  if (tls_result > 0) return Result{.bytes = static_cast<size_t>(tls_result)};
  switch (SSL_get_error(ssl_.get(), tls_result)) {
    case SSL_ERROR_WANT_READ: return Result{.wants = Wants::kRead};
    case SSL_ERROR_WANT_WRITE: return Result{.wants = Wants::kWrite};
    case SSL_ERROR_ZERO_RETURN: return absl::UnavailableError("it closed the connection");
    default: break;
  }
  if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK) {
    return absl::UnauthenticatedError(StrCat("its certificate: ", X509_verify_cert_error_string(verdict)));
  }
  return absl::UnavailableError(StrCat("TLS: ", TlsError()));
}

}  // namespace sluice
