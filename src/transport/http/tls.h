// The certificate of a listener, from files, renewed while the server runs.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "transport/http/stream.h"

namespace sluice::http {

struct TlsOptions {
  std::string certificate_file;  // PEM, leaf first
  std::string key_file;          // PEM
  std::string client_ca_file;    // PEM; "" = clients need no certificate (no mTLS)
  bool operator==(const TlsOptions&) const = default;
};

// Thread-safe. Connections keep the context they began with.
class TlsCertificate {
 public:
  // Fails when the files do not make a working pair.
  static absl::StatusOr<std::shared_ptr<TlsCertificate>> Load(TlsOptions options);

  std::shared_ptr<SSL_CTX> current() const;
  // Whole days until the leaf expires, negative after that; nothing when it does not say.
  std::optional<int> DaysLeft() const;

  // Reads the files again. Unreadable, empty or mismatching ones leave the old certificate in place.
  absl::Status Reload();

 private:
  explicit TlsCertificate(TlsOptions options) : options_(std::move(options)) {}

  const TlsOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<SSL_CTX> context_;  // guarded by mutex_
};

}  // namespace sluice::http
