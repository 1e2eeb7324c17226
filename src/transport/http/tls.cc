#include "transport/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice::http {
namespace {

// TLS 1.2 suites: forward secrecy and AEAD only. TLS 1.3 brings its own.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

std::string SslError(std::string_view what) {
  char text[256] = "no detail";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return StrCat(what, ": ", std::string_view(text));
}

// The first of ours that the client offers; a client with neither goes on without ALPN and is sniffed.
int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
               void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kOurs, sizeof(kOurs) - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

absl::StatusOr<std::shared_ptr<SSL_CTX>> MakeContext(const TlsOptions& options) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(c, kCiphers);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(c, SelectAlpn, nullptr);
  SSL_CTX_set_session_id_context(c, reinterpret_cast<const unsigned char*>("sluice"), 6);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(c, options.certificate_file.c_str()) != 1) {
    return absl::InvalidArgumentError(SslError("the certificate cannot be read"));
  }
  if (SSL_CTX_use_PrivateKey_file(c, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return absl::InvalidArgumentError(SslError("the key cannot be read or does not match the certificate"));
  }
  if (SSL_CTX_check_private_key(c) != 1) return absl::InvalidArgumentError(SslError("the key does not match"));
  if (!options.client_ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(c, options.client_ca_file.c_str(), nullptr) != 1) {
      return absl::InvalidArgumentError(SslError("the client CA cannot be read"));
    }
    SSL_CTX_set_client_CA_list(c, SSL_load_client_CA_file(options.client_ca_file.c_str()));
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

}  // namespace

absl::StatusOr<std::shared_ptr<TlsCertificate>> TlsCertificate::Load(TlsOptions options) {
  std::shared_ptr<TlsCertificate> certificate(new TlsCertificate(std::move(options)));
  RETURN_IF_ERROR(certificate->Reload());
  return certificate;
}

std::shared_ptr<SSL_CTX> TlsCertificate::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

std::optional<int> TlsCertificate::DaysLeft() const {
  const std::shared_ptr<SSL_CTX> context = current();
  const X509* const leaf = SSL_CTX_get0_certificate(context.get());
  int days = 0, seconds = 0;
  if (leaf == nullptr || ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(leaf)) != 1) return std::nullopt;
  return days;
}

absl::Status TlsCertificate::Reload() {
  auto context = MakeContext(options_);
  if (!context.ok()) return context.status();
  const std::lock_guard lock(mutex_);
  context_ = *std::move(context);
  return absl::OkStatus();
}

}  // namespace sluice::http
