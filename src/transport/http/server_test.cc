// HttpServer over real sockets on the loopback, with a codec that echoes.
#include "transport/http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>

#include "base/error.h"
#include "base/strings.h"
#include "transport/http/testing/certificate.h"

namespace sluice::http {
namespace {

using std::chrono::milliseconds;

// Answers a request with its body; GET /hold is never answered.
class EchoHandler final : public ExchangeHandler {
 public:
  EchoHandler(Exchange& exchange, std::atomic<int>& resets) : exchange_(exchange), resets_(resets) {}
  void OnBody(std::string_view bytes) override {
    body_ += bytes;
    exchange_.ConsumeBody(bytes.size());
  }
  void OnBodyEnd() override {
    if (exchange_.head().path == "/hold") return;
    if (exchange_.head().path == "/greedy") exchange_.HoldBack(seconds(60));
    if (exchange_.head().path == "/greedy_once") exchange_.HoldBack(milliseconds(50));
    if (exchange_.head().path == "/later") {
      exchange_.loop().At(exchange_.loop().Now() + milliseconds(150), [this] { Answer(); });
      return;
    }
    Answer();
  }
  void OnClosed(CloseReason reason) override {
    resets_ += reason == CloseReason::kReset || reason == CloseReason::kLost;
  }

 private:
  void Answer() {
    Headers headers;
    headers.Add("client-ip", exchange_.head().peer.client_ip);
    exchange_.SendHead(200, headers, false);
    exchange_.SendBody(body_.empty() ? exchange_.head().path : std::move(body_), true);
  }

  Exchange& exchange_;
  std::atomic<int>& resets_;
  std::string body_;
};

class RefusingHandler final : public ExchangeHandler {
 public:
  explicit RefusingHandler(Exchange& exchange, const absl::Status& status) {
    exchange.SendHead(InfoOf(ReasonOf(status)).http_status, {}, false);
    exchange.SendBody(std::string(status.message()), true);
  }
  void OnBody(std::string_view) override {}
  void OnBodyEnd() override {}
  void OnClosed(CloseReason) override {}
};

class EchoDispatcher final : public Dispatcher {
 public:
  std::unique_ptr<ExchangeHandler> Start(Exchange& exchange) override {
    ++started;
    return std::make_unique<EchoHandler>(exchange, resets);
  }
  std::unique_ptr<ExchangeHandler> Refuse(Exchange& exchange, const absl::Status& status) override {
    return std::make_unique<RefusingHandler>(exchange, status);
  }
  std::atomic<int> started{0}, resets{0};
};

class Client {
 public:
  explicit Client(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{5, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // A refusal shows at the first Send or Receive.
    static_cast<void>(connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)));
  }
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  // Reads until `end` of the text so far, or the connection's end.
  std::string Until(std::string_view end) {
    std::string text;
    char buffer[4096];
    while (text.size() < end.size() || text.compare(text.size() - end.size(), end.size(), end) != 0 || end.empty()) {
      const ssize_t n = recv(fd_.get(), buffer, sizeof(buffer), 0);
      if (n <= 0) break;
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }
  std::string All() { return Until(""); }
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

class ServerTest : public testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    signal(SIGPIPE, SIG_IGN);  // for OpenSSL's client
    if (options.listeners.empty()) options.listeners = {{.address = "127.0.0.1:0"}};
    budget_ = std::make_unique<Budget>(options.limits.inflight_bytes_max, options.limits.connections_max);
    for (auto& loop : loops_) loop.Start();
    server_ = std::make_unique<HttpServer>(std::move(options), std::vector<AsioLoop*>{&loops_[0], &loops_[1]},
                                           dispatcher_, *budget_, files_, Random(1));
    ASSERT_TRUE(server_->Start().ok());
  }
  uint16_t port() const { return server_->bound()[0].port; }
  void Drain(Duration timeout) {
    std::promise<void> done;
    server_->Drain(timeout, [&] { done.set_value(); });
    done.get_future().wait();
    drained_ = true;
  }
  void TearDown() override {
    if (server_ && !drained_) Drain(Duration::zero());
    for (auto& loop : loops_) loop.Stop();
    server_.reset();
    if (budget_) {
      EXPECT_EQ(budget_->connections(), 0u);
      EXPECT_EQ(budget_->bytes(), 0u);
    }
  }

  AsioLoop loops_[2] = {AsioLoop("loop-0"), AsioLoop("loop-1")};
  EchoDispatcher dispatcher_;
  std::unique_ptr<Budget> budget_;
  WatchedFiles files_;
  std::unique_ptr<HttpServer> server_;
  bool drained_ = false;
};

TEST_F(ServerTest, AnswersOverHttp11AndKeepsTheConnection) {
  Start();
  Client client(port());
  for (int i = 0; i < 3; ++i) {
    client.Send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
    const std::string answer = client.Until("hello");
    EXPECT_EQ(answer.substr(0, 15), "HTTP/1.1 200 OK") << answer;
    EXPECT_NE(answer.find("content-length: 5\r\n"), std::string::npos) << answer;
  }
  EXPECT_EQ(server_->stats().connections_total, 1u);
  EXPECT_EQ(server_->stats().exchanges, 3u);
}

TEST_F(ServerTest, EchoesALargeBodyUnchanged) {
  Start();
  std::string body(20 << 20, 'x');
  for (size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i % 26);
  body += "END";
  Client client(port());
  std::thread sender([&] {
    client.Send(StrCat("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: ", body.size(), "\r\n\r\n"));
    client.Send(body);
  });
  const std::string answer = client.Until("END");
  sender.join();
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), body);
}

TEST_F(ServerTest, ForeignHostsAreRefusedOnALoopbackListener) {
  Start();
  Client client(port());
  client.Send("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.All().substr(0, 12), "HTTP/1.1 421");
  EXPECT_EQ(dispatcher_.started, 0);
  EXPECT_EQ(server_->stats().exchanges_refused, 1u);
}

TEST_F(ServerTest, TheBodyOfARefusedRequestIsDroppedAndTheConnectionGoesOn) {
  Start();
  Client client(port());
  const std::string all =
      StrCat("POST /a HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 200000\r\n\r\n", std::string(200'000, 'x'),
             "GET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  client.Send(all);
  const std::string answer = client.All();
  EXPECT_NE(answer.substr(0, 15), "HTTP/1.1 200 OK") << answer;
  EXPECT_NE(answer.find("HTTP/1.1 200 OK"), std::string::npos) << answer;
  EXPECT_EQ(answer.substr(answer.size() - 5), "/next");
  EXPECT_EQ(server_->stats().bytes_in, all.size());
}

TEST_F(ServerTest, AProxyHeaderNamesTheClient) {
  Start({.listeners = {{.address = "127.0.0.1:0", .proxy_protocol = true}, {.address = "127.0.0.1:0"}},
         .trusted_proxies = {"127.0.0.0/8"}});
  Client client(port());
  client.Send("PROXY TCP4 192.0.2.7 127.0.0.1 5 80\r\nGET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_NE(client.All().find("client-ip: 192.0.2.7\r\n"), std::string::npos);
  Client forwarded(server_->bound()[1].port);
  forwarded.Send(
      "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 9.9.9.9, 192.0.2.8\r\nConnection: close\r\n\r\n");
  EXPECT_NE(forwarded.All().find("client-ip: 192.0.2.8\r\n"), std::string::npos);
}

TEST_F(ServerTest, WhereAProxyHeaderIsWantedNothingElseBeginsAConnection) {
  Start({.listeners = {{.address = "127.0.0.1:0", .proxy_protocol = true}}, .trusted_proxies = {"127.0.0.0/8"}});
  for (const std::string_view begin : {"", "PROXY TCP4 x\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    Client client(port());
    client.Send(StrCat(begin, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    EXPECT_EQ(client.All(), "") << begin;
  }
  EXPECT_EQ(dispatcher_.started, 0);
}

TEST_F(ServerTest, AProxyHeaderThatNobodyAskedForIsNotRead) {
  Start({.listeners = {{.address = "127.0.0.1:0"}}, .trusted_proxies = {"127.0.0.0/8"}});
  Client client(port());
  client.Send("PROXY TCP4 192.0.2.7 127.0.0.1 5 80\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.All().substr(0, 12), "HTTP/1.1 505");
}

TEST_F(ServerTest, StrangersAreClosedWhereOnlyProxiesConnect) {
  Start({.listeners = {{.address = "127.0.0.1:0", .proxy_protocol = true}}, .trusted_proxies = {"192.0.2.0/24"}});
  Client client(port());
  client.Send("PROXY TCP4 192.0.2.7 127.0.0.1 5 80\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.All(), "");
  EXPECT_EQ(server_->stats().connections_rejected, 1u);
}

TEST_F(ServerTest, AClientThatIsHeldBackIsNotReadAndOthersAre) {
  Start();
  Client greedy(port()), other(port());
  greedy.Send("GET /greedy HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(greedy.Until("/greedy").find("200 OK"), std::string::npos) << "its answer leaves";
  for (int i = 0; i < 20; ++i) {
    greedy.Send("GET /more HTTP/1.1\r\nHost: localhost\r\n\r\n");
    other.Send("GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_NE(other.Until("/other").find("200 OK"), std::string::npos);
  }
  EXPECT_EQ(server_->stats().exchanges, 21u);
}

TEST_F(ServerTest, AClientThatWasHeldBackIsReadAgain) {
  Start();
  Client client(port());
  client.Send("GET /greedy_once HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.Until("/greedy_once");
  client.Send("GET /more HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(client.Until("/more").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, AProxyIsNotHeldBackForOneOfItsClients) {
  Start({.trusted_proxies = {"127.0.0.0/8"}});
  Client proxy(port());
  proxy.Send("GET /greedy HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.8\r\n\r\n");
  proxy.Until("/greedy");
  proxy.Send("GET /more HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n");
  EXPECT_NE(proxy.Until("/more").find("200 OK"), std::string::npos);
}

// What Start says to one listener.
absl::Status StartOf(ListenerOptions listener) {
  AsioLoop loop("loop");
  loop.Start();
  EchoDispatcher dispatcher;
  Budget budget(1 << 20, 10);
  WatchedFiles files;
  HttpServer server({.listeners = {std::move(listener)}}, {&loop}, dispatcher, budget, files, Random(1));
  absl::Status status = server.Start();
  std::promise<void> done;
  if (status.ok()) server.Drain(Duration::zero(), [&] { done.set_value(); });
  if (status.ok()) done.get_future().wait();
  loop.Stop();
  return status;
}

TEST(ListenerTest, AdminOutsideLoopbackMustBeMeant) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", ":0"}) {
    const absl::Status refused = StartOf({.address = address, .exposed = kExposeApi | kExposeAdmin});
    EXPECT_NE(refused.message().find("auth: none"), absl::string_view::npos) << refused;
    EXPECT_TRUE(StartOf({.address = address, .exposed = kExposeAdmin, .open_admin = true}).ok());
    EXPECT_TRUE(StartOf({.address = address}).ok());
  }
  EXPECT_TRUE(StartOf({.address = "127.0.0.1:0", .exposed = kExposeAdmin}).ok());
  EXPECT_FALSE(StartOf({.address = "127.0.0.1:0", .proxy_protocol = true}).ok()) << "no trusted_proxies";
}

// Also behind a proxy that puts its header before the TLS handshake.
TEST_F(ServerTest, AnswersOverTls) {
  const PemPair pair = MakePair("localhost");
  const std::string path = StrCat(testing::TempDir(), "/sluice_server_", getpid(), ".pem");
  std::ofstream(path) << pair.certificate << pair.key;
  const TlsOptions tls{path, path, ""};
  Start({.listeners = {{.address = "127.0.0.1:0", .tls = tls},
                       {.address = "127.0.0.1:0", .tls = tls, .proxy_protocol = true}},
         .trusted_proxies = {"127.0.0.1"}});
  std::filesystem::remove(path);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  for (const std::string_view proxy_header : {"", "PROXY TCP4 192.0.2.7 127.0.0.1 5 80\r\n"}) {
    Client client(server_->bound()[proxy_header.empty() ? 0 : 1].port);
    client.Send(proxy_header);
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, client.fd());
    ASSERT_EQ(SSL_connect(ssl), 1);
    const std::string_view request = "GET /tls HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    SSL_write(ssl, request.data(), static_cast<int>(request.size()));
    std::string answer;
    char buffer[1000];
    for (int n; (n = SSL_read(ssl, buffer, sizeof(buffer))) > 0;) answer.append(buffer, static_cast<size_t>(n));
    EXPECT_NE(answer.find("\r\n\r\n/tls"), std::string::npos) << answer;
    EXPECT_NE(answer.find(proxy_header.empty() ? "client-ip: 127.0.0.1" : "client-ip: 192.0.2.7"), std::string::npos);
    EXPECT_EQ(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
  }
  SSL_CTX_free(context);
}

TEST_F(ServerTest, AClientThatGoesAwayCancelsItsExchange) {
  Start();
  {
    Client client(port());
    client.Send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (dispatcher_.started == 0) std::this_thread::yield();
  }
  const auto patience = std::chrono::steady_clock::now() + seconds(5);
  while (dispatcher_.resets == 0 && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_EQ(dispatcher_.resets, 1);
}

TEST_F(ServerTest, ConnectionsOverTheBoundAreClosedAtOnce) {
  ServerOptions options;
  options.limits.connections_max = 1;
  Start(options);
  Client first(port());
  first.Send("GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(first.Until("/one"), "");
  Client second(port());
  EXPECT_EQ(second.All(), "");
  EXPECT_EQ(server_->stats().connections_rejected, 1u);
}

TEST_F(ServerTest, IdleConnectionsAreClosed) {
  ServerOptions options;
  options.limits.keep_alive = milliseconds(50);
  Start(options);
  Client client(port());
  client.Send("GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = client.All();  // ends because the server closes
  EXPECT_NE(answer.find("/one"), std::string::npos);
}

TEST_F(ServerTest, OldConnectionsAreClosedAfterTheirExchange) {
  ServerOptions options;
  options.limits.connection_age_max = milliseconds(50);
  Start(options);
  Client client(port());
  client.Send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = client.All();
  EXPECT_NE(answer.find("connection: close"), std::string::npos) << answer;
  EXPECT_NE(answer.find("/later"), std::string::npos);
}

TEST_F(ServerTest, DrainFinishesWhatIsInFlightAndRefusesNewConnections) {
  Start();
  const uint16_t old_port = port();
  Client client(old_port), idle(old_port);
  idle.Send("GET /idle HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(idle.Until("/idle"), "");
  client.Send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (dispatcher_.started < 2) std::this_thread::yield();
  std::promise<void> done;
  server_->Drain(seconds(10), [&] { done.set_value(); });
  EXPECT_NE(client.All().find("/later"), std::string::npos);
  done.get_future().wait();
  drained_ = true;
  EXPECT_EQ(Client(old_port).All(), "");
}

TEST_F(ServerTest, DrainCutsStragglersAtTheDeadline) {
  Start();
  Client client(port());
  client.Send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (dispatcher_.started == 0) std::this_thread::yield();
  Drain(milliseconds(50));
  EXPECT_EQ(dispatcher_.resets, 1);
  EXPECT_EQ(client.All(), "");
}

TEST_F(ServerTest, MayBeDestroyedWithoutADrainWhenTheLoopsHaveStopped) {
  Start();
  Client busy(port()), silent(port());
  busy.Send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (dispatcher_.started == 0) std::this_thread::yield();
  for (auto& loop : loops_) loop.Stop();
  server_.reset();
  EXPECT_EQ(dispatcher_.resets, 1);
}

TEST_F(ServerTest, ListensOnIpv6AndSaysWhyItCannot) {
  Start({.listeners = {{.address = "[::1]:0"}}});
  EXPECT_EQ(server_->bound()[0].text, StrCat("[::1]:", port()));
  EXPECT_TRUE(server_->bound()[0].loopback);
  EXPECT_FALSE(BindTcp("nonsense").ok());
  EXPECT_EQ(BindTcp(StrCat("[::1]:", port())).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace sluice::http
