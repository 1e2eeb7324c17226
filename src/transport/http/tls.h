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
  static absl::StatusOr<std::unique_ptr<TlsCertificate>> Load(TlsOptions options);

  std::shared_ptr<SSL_CTX> current() const;
  // Whole days until the leaf expires, negative after that; nothing when it does not say.
  std::optional<int> DaysLeft() const;

  // Reads the files again if one changed (rename or rewrite). Unreadable, empty or mismatching files leave the old
  // certificate in place and are logged once per change. Call it every second; costs three stat() calls.
  enum class Reload { kUnchanged, kReloaded, kKept };
  Reload Poll();

 private:
  TlsCertificate(TlsOptions options, std::string signature, std::shared_ptr<SSL_CTX> context)
      : options_(std::move(options)), signature_(std::move(signature)), context_(std::move(context)) {}

  const TlsOptions options_;
  std::string signature_;  // device, inode, size and times of the files as last read; of the polling thread
  mutable std::mutex mutex_;
  std::shared_ptr<SSL_CTX> context_;  // guarded by mutex_
};

}  // namespace sluice::http
