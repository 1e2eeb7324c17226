// The HTTP server: listeners, connections on every loop, drain.
//
//   HttpServer server(options, loops, dispatcher, budget, files, Random::FromDevice());
//   RETURN_IF_ERROR(server.Start());
//   … server.Drain(seconds(30), [] { … });
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/asio_loop.h"
#include "base/config/watched_files.h"
#include "base/random.h"
#include "transport/http/connection.h"
#include "transport/http/limits.h"
#include "transport/http/listener.h"
#include "transport/http/shard.h"

namespace sluice::http {

struct ListenerOptions {
  std::string address;  // "127.0.0.1:8000"; see BindTcp
  std::optional<TlsOptions> tls = {};
  std::optional<uint32_t> exposed = {};  // absent: everything on loopback, the API alone elsewhere
  bool open_admin = false;               // kExposeAdmin outside loopback is meant
  bool proxy_protocol = false;           // a PROXY header of a trusted proxy, or no connection
  std::vector<std::string> allowed_hosts = {}, allowed_origins = {};  // see GateRules
};

struct ServerOptions {
  Limits limits = {};
  std::vector<ListenerOptions> listeners = {};
  // Their X-Forwarded-For is trusted, and their PROXY headers where a listener wants them.
  std::vector<std::string> trusted_proxies = {};
  CorsRules cors = {};
};

struct BoundAddress {
  std::string text;  // "127.0.0.1:8000", with the port that was picked
  uint16_t port;
  bool tls;
  bool loopback;
};

struct ServerStats {
  uint64_t connections_open, connections_total;
  uint64_t connections_rejected;  // over connections_max, or no trusted proxy's: accepted and closed
  uint64_t bytes_in, bytes_out;   // of connections, inside TLS
  uint64_t exchanges, exchanges_refused;
  uint64_t inflight_bytes;
};

class HttpServer {
 public:
  // `loops` (at least one, running) and the references outlive the server. `files` gets the certificates to watch.
  HttpServer(ServerOptions options, std::vector<AsioLoop*> loops, Dispatcher& dispatcher, Budget& budget,
             WatchedFiles& files, Random random);
  // After Drain is done, or after Start failed, or when the loops have stopped.
  ~HttpServer();

  // Binds every listener, or none: fails with what to do about it. Accepting begins at once. Before
  // WatchedFiles::Start.
  absl::Status Start();
  // One for each listener, in order.
  const std::vector<BoundAddress>& bound() const { return bound_; }

  // From any thread, once. Stops accepting; every connection ends when its exchanges have, or at the deadline. `done`
  // runs on a loop.
  void Drain(Duration timeout, Task done);

  // From any thread.
  ServerStats stats() const;

 private:
  // One listener, and what its connections on each shard share.
  struct Listening {
    ListenerOptions options;
    GateRules gate;
    std::shared_ptr<TlsCertificate> tls;
    BoundSocket socket;
    std::vector<ConnectionContext> contexts;  // by shard
    size_t home = 0;                          // shard that accepts
    std::unique_ptr<Acceptor> acceptor;       // of the home loop
  };

  absl::Status Open(Listening& listening);
  absl::Status OpenTls(Listening& listening);
  void OnSocket(Listening& listening, UniqueFd fd, const IpBytes& ip, uint16_t port);
  void StopAccepting(size_t shard);

  const ServerOptions options_;
  const std::vector<AsioLoop*> loops_;
  Dispatcher& dispatcher_;
  Budget& budget_;
  WatchedFiles& files_;
  TrustedProxies trusted_proxies_;
  std::vector<std::unique_ptr<Shard>> shards_;  // by loop
  std::vector<std::unique_ptr<Listening>> listening_;
  std::vector<BoundAddress> bound_;
  std::atomic<size_t> next_shard_{0}, shards_draining_{0};
  std::atomic<uint64_t> connections_total_{0}, connections_rejected_{0};
  Task drained_;
};

}  // namespace sluice::http
