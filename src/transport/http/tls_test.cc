// Certificates made on the spot, reloads, and a TLS conversation through a real Connection's stream.
#include "transport/http/tls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "transport/http/testing/certificate.h"

namespace sluice::http {
namespace {

namespace fs = std::filesystem;

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);  // OpenSSL's client writes to a socket that the server may have closed
    dir_ = fs::path(testing::TempDir()) / ("sluice_tls_" + std::to_string(getpid()));
    fs::create_directories(dir_);
    Put("cert.pem", first_.certificate);
    Put("key.pem", first_.key);
  }
  void TearDown() override { fs::remove_all(dir_); }

  // By rename, as certificate managers do.
  void Put(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / "new") << text;
    fs::rename(dir_ / "new", dir_ / name);
  }
  TlsOptions Options() const { return {dir_ / "cert.pem", dir_ / "key.pem", ""}; }

  const PemPair first_ = MakePair("first"), second_ = MakePair("second");
  fs::path dir_;
};

TEST_F(TlsTest, ANewPairIsTakenAndABrokenOneIsNot) {
  auto tls = *TlsCertificate::Load(Options());
  const auto old = tls->current();
  Put("cert.pem", second_.certificate);  // the key is still the old one
  EXPECT_FALSE(tls->Reload().ok());
  EXPECT_EQ(tls->current(), old);
  Put("key.pem", second_.key);
  EXPECT_TRUE(tls->Reload().ok());
  const auto renewed = tls->current();
  EXPECT_NE(renewed, old);
  for (const char* bad : {"", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    Put("cert.pem", bad);
    EXPECT_FALSE(tls->Reload().ok());
    EXPECT_EQ(tls->current(), renewed);
  }
  fs::remove(dir_ / "cert.pem");
  EXPECT_FALSE(tls->Reload().ok());
  Put("cert.pem", second_.certificate);
  EXPECT_TRUE(tls->Reload().ok());
}

TEST_F(TlsTest, FilesThatMakeNoPairAreRefusedAtStart) {
  Put("key.pem", second_.key);
  EXPECT_FALSE(TlsCertificate::Load(Options()).ok());
  EXPECT_FALSE(TlsCertificate::Load({"/nonexistent/cert.pem", "/nonexistent/key.pem", ""}).ok());
}

// A client that blocks, on a thread of its own, against the server's stream, which does not.
struct Conversation {
  Conversation(SSL_CTX* server_context, SSL_CTX* client_context, std::string_view message) {
    int fds[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    std::unique_ptr<Stream> stream = NewTlsStream(UniqueFd(fds[0]), server_context, {});
    std::thread client([&, fd = fds[1]] {
      const UniqueFd owner(fd);
      SSL* ssl = SSL_new(client_context);
      SSL_set_fd(ssl, fd);
      connected = SSL_connect(ssl) == 1;
      if (connected) {
        SSL_write(ssl, message.data(), static_cast<int>(message.size()));
        std::string buffer(64 << 10, '\0');
        while (client_got.size() < message.size()) {
          const int n = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
          if (n <= 0) break;
          client_got.append(buffer, 0, static_cast<size_t>(n));
        }
      }
      SSL_shutdown(ssl);
      SSL_free(ssl);
    });
    Echo(*stream, fds[0], message.size());
    stream.reset();
    client.join();
  }

  void Echo(Stream& stream, int fd, size_t size) {
    std::string buffer(10'000, '\0');
    size_t sent = 0;
    while (sent < size || stream.Pending()) {
      const IoResult read = server_got.size() < size ? stream.Read(buffer) : IoResult{Io::kWouldBlock};
      if (read.what == Io::kOk) server_got.append(buffer, 0, read.bytes);
      if (read.what == Io::kEnd || read.what == Io::kError) return;
      alpn = stream.alpn();
      const iovec out[2] = {{server_got.data() + sent, (server_got.size() - sent) / 2},
                            {server_got.data() + sent + (server_got.size() - sent) / 2,
                             server_got.size() - sent - (server_got.size() - sent) / 2}};
      const IoResult written = stream.Write(std::span(out, server_got.size() > sent ? 2 : 0));
      if (written.what == Io::kError) return;
      sent += written.bytes;
      pollfd wait{fd, static_cast<short>(POLLIN | (stream.Pending() ? POLLOUT : 0)), 0};
      if (read.what == Io::kWouldBlock && written.bytes == 0 && sent < size && poll(&wait, 1, 5000) == 0) return;
    }
    // Until the client has read it all: closing too early would cut it.
    for (pollfd wait{fd, POLLIN, 0}; poll(&wait, 1, 5000) > 0;) {
      const IoResult rest = stream.Read(buffer);
      if (rest.what != Io::kOk && rest.what != Io::kWouldBlock) break;
    }
  }

  bool connected = false;
  std::string client_got, server_got, alpn;
};

TEST_F(TlsTest, LargeMessagesPassBothWaysAndAlpnAgreesOnHttp2) {
  auto tls = *TlsCertificate::Load(Options());
  SSL_CTX* client = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_alpn_protos(client, reinterpret_cast<const unsigned char*>("\x08http/1.1\x02h2"), 12);
  std::string message(3 << 20, 'm');
  for (size_t i = 0; i < message.size(); ++i) message[i] = static_cast<char>(i * 7 + i / 1000);
  const Conversation talk(tls->current().get(), client, message);
  EXPECT_TRUE(talk.connected);
  EXPECT_EQ(talk.alpn, "h2");
  EXPECT_TRUE(talk.server_got == message);
  EXPECT_TRUE(talk.client_got == message);
  SSL_CTX_free(client);
}

TEST_F(TlsTest, AReadTakesABoundedNumberOfRecords) {
  constexpr int kBytes = 1000;
  auto tls = *TlsCertificate::Load(Options());
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> client_context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  int fds[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  const std::unique_ptr<Stream> stream = NewTlsStream(UniqueFd(fds[0]), tls->current().get(), {});
  std::atomic<bool> written = false;
  std::thread client([&, fd = fds[1]] {
    SSL* ssl = SSL_new(client_context.get());
    SSL_set_fd(ssl, fd);
    EXPECT_EQ(SSL_connect(ssl), 1);
    for (int i = 0; i < kBytes; ++i) SSL_write(ssl, "x", 1);  // a record each
    written = true;
    SSL_free(ssl);
  });
  char one = 0;
  size_t got = 0;
  while (!written) got += stream->Read({&one, 1}).bytes;
  client.join();
  std::string buffer(10'000, '\0');
  for (IoResult read{Io::kOk, 0, true}; got < kBytes && read.more; got += read.bytes) {
    read = stream->Read(buffer);
    ASSERT_EQ(read.what, Io::kOk);
    EXPECT_LE(read.bytes, 64u);
  }
  EXPECT_EQ(got, static_cast<size_t>(kBytes)) << "`more` led to all of them";
  close(fds[1]);
}

TEST_F(TlsTest, OldTlsVersionsAndClientsWithoutTheirCertificateAreRefused) {
  auto tls = *TlsCertificate::Load(Options());
  SSL_CTX* old = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(old, TLS1_1_VERSION);
  EXPECT_FALSE(Conversation(tls->current().get(), old, "hi").connected);
  SSL_CTX_free(old);

  Put("ca.pem", second_.certificate);
  TlsOptions mutual = Options();
  mutual.client_ca_file = dir_ / "ca.pem";
  auto strict = *TlsCertificate::Load(mutual);
  SSL_CTX* client = SSL_CTX_new(TLS_client_method());
  EXPECT_EQ(Conversation(strict->current().get(), client, "hi").server_got, "");
  Put("client.pem", second_.certificate + second_.key);
  SSL_CTX_use_certificate_file(client, (dir_ / "client.pem").c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_use_PrivateKey_file(client, (dir_ / "client.pem").c_str(), SSL_FILETYPE_PEM);
  EXPECT_EQ(Conversation(strict->current().get(), client, "hi").client_got, "hi");
  SSL_CTX_free(client);
}

}  // namespace
}  // namespace sluice::http
