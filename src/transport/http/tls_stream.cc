// TLS by OpenSSL over two memory BIOs: the socket is read in large pieces, many records per system call, and bytes that
// were read before TLS began (behind a PROXY header) can be put in front.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "transport/http/stream.h"

namespace sluice::http {
namespace {

constexpr size_t kRecordBytes = 16 << 10;
// A record may hold a single byte, and each costs about a microsecond.
constexpr int kRecordsPerRead = 64;
constexpr size_t kWriteBytesMax = 64 << 10;  // plain bytes taken per Write, so that little ciphertext is ever pending

// Scratch space of a loop's thread; nothing stays in it between calls.
std::span<char> Scratch() {
  thread_local std::array<char, 64 << 10> scratch;
  return scratch;
}

class TlsStream final : public Stream {
 public:
  TlsStream(UniqueFd fd, SSL_CTX* context, std::string_view early) : fd_(std::move(fd)), ssl_(SSL_new(context)) {
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_, in_, out_);  // owns both
    SSL_set_accept_state(ssl_);
    if (!early.empty()) BIO_write(in_, early.data(), static_cast<int>(early.size()));
  }
  ~TlsStream() override { SSL_free(ssl_); }

  IoResult Read(std::span<char> into) override {
    size_t got = 0;
    int records = 0;
    bool socket_empty = false;
    while (got < into.size() && records < kRecordsPerRead) {
      ERR_clear_error();
      const int n = SSL_read(ssl_, into.data() + got, static_cast<int>(into.size() - got));
      if (n > 0) {
        got += n;
        ++records;
        continue;
      }
      const int why = SSL_get_error(ssl_, n);
      if (why != SSL_ERROR_WANT_READ) {
        Send();  // an alert, perhaps
        if (got > 0) return {Io::kOk, got, true};
        return {why == SSL_ERROR_ZERO_RETURN ? Io::kEnd : Io::kError};
      }
      if (socket_empty) break;
      const Io filled = Fill(socket_empty);
      if (filled == Io::kWouldBlock) break;
      if (filled != Io::kOk) return got > 0 ? IoResult{Io::kOk, got, true} : IoResult{filled};
    }
    if (!Send()) return {Io::kError};
    if (got == 0) return {Io::kWouldBlock};
    return {Io::kOk, got, got == into.size() || records == kRecordsPerRead};
  }

  IoResult Write(std::span<const iovec> from) override {
    if (!Send()) return {Io::kError};
    if (from.empty()) return {Io::kOk};
    if (Pending()) return {Io::kWouldBlock};
    size_t taken = 0;
    Cursor cursor{from};
    while (taken < kWriteBytesMax) {
      const std::string_view record = cursor.Next(Scratch().first(kRecordBytes));
      if (record.empty()) break;
      ERR_clear_error();
      if (SSL_write(ssl_, record.data(), static_cast<int>(record.size())) <= 0) return {Io::kError};
      taken += record.size();
    }
    if (!Send()) return {Io::kError};
    return {Io::kOk, taken};
  }

  uint64_t Acknowledged() const override { return AcknowledgedOf(fd_.get(), sent_); }

  bool Pending() const override { return BIO_ctrl_pending(out_) > 0; }

  void EndWriting() override {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
    Send();
    shutdown(fd_.get(), SHUT_WR);
  }

  std::string_view alpn() const override {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

 private:
  // Cuts buffers into records: a large one is used in place, small ones are gathered.
  struct Cursor {
    std::span<const iovec> left;
    size_t offset = 0;

    std::string_view Next(std::span<char> scratch) {
      size_t filled = 0;
      while (!left.empty()) {
        const char* data = static_cast<const char*>(left[0].iov_base) + offset;
        const size_t size = left[0].iov_len - offset;
        if (filled == 0 && size >= scratch.size()) {
          Skip(scratch.size());
          return {data, scratch.size()};
        }
        const size_t part = std::min(size, scratch.size() - filled);
        std::memcpy(scratch.data() + filled, data, part);
        filled += part;
        Skip(part);
        if (filled == scratch.size()) break;
      }
      return {scratch.data(), filled};
    }
    void Skip(size_t bytes) {
      offset += bytes;
      if (offset == left[0].iov_len) {
        left = left.subspan(1);
        offset = 0;
      }
    }
  };

  Io Fill(bool& socket_empty) {
    const std::span<char> scratch = Scratch();
    const ssize_t n = recv(fd_.get(), scratch.data(), scratch.size(), 0);
    if (n > 0) {
      socket_empty = static_cast<size_t>(n) < scratch.size();
      BIO_write(in_, scratch.data(), static_cast<int>(n));
      return Io::kOk;
    }
    if (n == 0) return Io::kEnd;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Io::kWouldBlock : Io::kError;
  }

  // Pushes ciphertext to the socket. False when the connection is broken; a full socket is fine.
  bool Send() {
    while (true) {
      char* data = nullptr;
      const long size = BIO_get_mem_data(out_, &data);
      if (size <= 0) return true;
      const ssize_t n = send(fd_.get(), data, static_cast<size_t>(size), MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
      sent_ += static_cast<size_t>(n);
      Discard(static_cast<size_t>(n));
      if (n < size) return true;
    }
  }

  // A memory BIO forgets bytes only by reading them.
  void Discard(size_t bytes) {
    const std::span<char> scratch = Scratch();
    while (bytes > 0) {
      const int n = BIO_read(out_, scratch.data(), static_cast<int>(std::min(bytes, scratch.size())));
      if (n <= 0) return;
      bytes -= static_cast<size_t>(n);
    }
  }

  UniqueFd fd_;
  SSL* ssl_;
  BIO* in_;
  BIO* out_;
  uint64_t sent_ = 0;  // ciphertext
};

}  // namespace

std::unique_ptr<Stream> NewTlsStream(UniqueFd fd, SSL_CTX* context, std::string_view early) {
  return std::make_unique<TlsStream>(std::move(fd), context, early);
}

}  // namespace sluice::http
