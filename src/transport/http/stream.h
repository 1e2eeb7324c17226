// The bytes of one socket, plain or TLS, without waiting: every call returns at once. Whoever got kWouldBlock waits for
// the descriptor (AsioLoop::Watch) and asks again.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>

#include "base/unique_fd.h"

using SSL_CTX = struct ssl_ctx_st;

namespace sluice::http {

enum class Io {
  kOk,          // `bytes` moved, at least one
  kWouldBlock,  // nothing moved
  kEnd,         // the peer closed its sending side (reading only)
  kError,       // the connection is of no use any more
};

struct IoResult {
  Io what;
  size_t bytes = 0;
  bool more = false;  // reading: more may be there already; read again before waiting for the descriptor
};

class Stream {
 public:
  virtual ~Stream() = default;  // closes the socket
  virtual IoResult Read(std::span<char> into) = 0;
  // As Read, but nobody sees the bytes, up to `bytes` of them; a plain socket does not even copy them. `spare` is a
  // place for those that must be read to be dropped.
  virtual IoResult Skip(size_t bytes, std::span<char> spare) {
    return Read(spare.first(std::min(bytes, spare.size())));
  }
  // Bytes that Read would return at once; 0 also when that is not known. A system call.
  virtual size_t Available() const { return 0; }
  // May take a part. An empty span only pushes what Pending() speaks of.
  virtual IoResult Write(std::span<const iovec> from) = 0;
  // Bytes taken by Write (or made by the TLS handshake) wait inside the stream for the socket.
  virtual bool Pending() const { return false; }
  // Bytes given to the socket so far that the peer's machine has acknowledged. The kernel takes megabytes at once and
  // then none for a while: only this shows whether a slow peer reads. A system call.
  virtual uint64_t Acknowledged() const = 0;
  // Ends our sending side: TLS close_notify, FIN.
  virtual void EndWriting() = 0;
  // Protocol agreed by ALPN; "" without TLS, or before the first byte was read.
  virtual std::string_view alpn() const { return {}; }
};

// For Stream::Acknowledged: of `sent` bytes, those that do not wait in the socket.
uint64_t AcknowledgedOf(int fd, uint64_t sent);

std::unique_ptr<Stream> NewPlainStream(UniqueFd fd);

// Server side of TLS. `early` are bytes read from the socket already. The handshake happens inside Read.
std::unique_ptr<Stream> NewTlsStream(UniqueFd fd, SSL_CTX* context, std::string_view early);

}  // namespace sluice::http
