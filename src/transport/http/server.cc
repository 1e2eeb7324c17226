#include "transport/http/server.h"

#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice::http {
namespace {

BoundAddress Describe(const BoundSocket& socket, bool tls) {
  const std::string ip = IpText(socket.ip);
  const bool v6 = ip.find(':') != std::string::npos;
  return {v6 ? StrCat("[", ip, "]:", socket.port) : StrCat(ip, ":", socket.port), socket.port, tls,
          IsLoopback(socket.ip)};
}

absl::StatusOr<uint32_t> ExposedBy(const ListenerOptions& options, bool loopback) {
  if (!options.exposed) return loopback ? kExposeAll : kExposeApi;
  if ((*options.exposed & kExposeAdmin) == 0 || loopback || options.open_admin) return *options.exposed;
  return absl::InvalidArgumentError(StrCat(
      "listener ", options.address,
      ": expose includes admin, so anyone who reaches this address could load and unload models. Remove admin and "
      "expose it on "
      "a listener at 127.0.0.1, or set auth: none on this listener if that is intended"));
}

}  // namespace

HttpServer::HttpServer(ServerOptions options, std::vector<AsioLoop*> loops, Dispatcher& dispatcher, Budget& budget,
                       WatchedFiles& files, Random random)
    : options_(std::move(options)), loops_(std::move(loops)), dispatcher_(dispatcher), budget_(budget), files_(files) {
  for (AsioLoop* loop : loops_) {
    shards_.push_back(std::make_unique<Shard>(*loop, options_.limits, Random(random.Next())));
  }
}

// Connections refer to what their listener owns, so they go first.
HttpServer::~HttpServer() { shards_.clear(); }

absl::Status HttpServer::Start() {
  auto proxies = TrustedProxies::Parse(options_.trusted_proxies);
  if (!proxies.ok()) return proxies.status();
  trusted_proxies_ = *std::move(proxies);
  for (const ListenerOptions& options : options_.listeners) {
    auto listening = std::make_unique<Listening>();
    listening->options = options;
    if (absl::Status status = Open(*listening); !status.ok()) return status;
    listening->home = listening_.size() % shards_.size();
    bound_.push_back(Describe(listening->socket, options.tls.has_value()));
    listening_.push_back(std::move(listening));
  }
  for (const auto& owner : listening_) {
    Listening* listening = owner.get();
    AsioLoop& loop = *loops_[listening->home];
    loop.Post([this, listening, &loop] {
      listening->acceptor = std::make_unique<Acceptor>(
          loop, std::move(listening->socket.fd), [this, listening](UniqueFd fd, const IpBytes& ip, uint16_t port) {
            OnSocket(*listening, std::move(fd), ip, port);
          });
    });
  }
  return absl::OkStatus();
}

absl::Status HttpServer::Open(Listening& listening) {
  const ListenerOptions& options = listening.options;
  auto bound = BindTcp(options.address);
  if (!bound.ok()) return bound.status();
  listening.socket = *std::move(bound);
  listening.gate = {IsLoopback(listening.socket.ip), options.allowed_hosts, options.allowed_origins};
  auto exposed = ExposedBy(options, listening.gate.loopback);
  if (!exposed.ok()) return exposed.status();
  if (options.proxy_protocol && trusted_proxies_.empty()) {
    return absl::InvalidArgumentError(StrCat(
        "listener ", options.address, ": proxy_protocol needs trusted_proxies, the addresses that send the header"));
  }
  if (options.tls) {
    if (absl::Status status = OpenTls(listening); !status.ok()) {
      return absl::InvalidArgumentError(StrCat("listener ", options.address, ": ", ToStd(status.message())));
    }
  }
  for (const auto& shard : shards_) {
    listening.contexts.push_back({.loop = shard->loop(),
                                  .limits = options_.limits,
                                  .budget = budget_,
                                  .dispatcher = dispatcher_,
                                  .gate = listening.gate,
                                  .cors = options_.cors,
                                  .trusted_proxies = trusted_proxies_,
                                  .tls = listening.tls.get(),
                                  .exposed = *exposed,
                                  .proxy_protocol = options.proxy_protocol,
                                  .read_buffer = shard->read_buffer(),
                                  .service = shard->service(),
                                  .stats = shard->stats()});
  }
  return absl::OkStatus();
}

absl::Status HttpServer::OpenTls(Listening& listening) {
  const TlsOptions& options = *listening.options.tls;
  ASSIGN_OR_RETURN(listening.tls, TlsCertificate::Load(options));
  std::vector<std::string> with{options.key_file};
  if (!options.client_ca_file.empty()) with.push_back(options.client_ca_file);
  return files_.Add(
      StrCat("tls ", Describe(listening.socket, true).text), options.certificate_file,
      [tls = listening.tls](std::string_view) { return tls->Reload(); }, std::move(with));
}

// Round robin over the loops. A connection over the bound, or of a stranger where only proxies connect, is closed at
// once: the client sees it without waiting.
void HttpServer::OnSocket(Listening& listening, UniqueFd fd, const IpBytes& ip, uint16_t port) {
  connections_total_.fetch_add(1, std::memory_order_relaxed);
  const bool stranger = listening.options.proxy_protocol && !trusted_proxies_.Contains(ip);
  if (stranger || !budget_.TryConnect()) {
    connections_rejected_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const size_t to = next_shard_.fetch_add(1, std::memory_order_relaxed) % shards_.size();
  Shard& shard = *shards_[to];
  const ConnectionContext& context = listening.contexts[to];
  if (to == listening.home) return shard.Adopt(context, std::move(fd), ip, port);
  shard.loop().Post(
      [&shard, &context, fd = std::move(fd), ip, port]() mutable { shard.Adopt(context, std::move(fd), ip, port); });
}

void HttpServer::StopAccepting(size_t shard) {
  for (const auto& listening : listening_) {
    if (listening->home == shard) listening->acceptor.reset();
  }
}

// Two rounds over the loops: when all have stopped accepting, no socket is on its way to a shard any more that the
// second round would not meet.
void HttpServer::Drain(Duration timeout, Task done) {
  drained_ = std::move(done);
  shards_draining_ = shards_.size();
  const auto drain_all = [this, timeout] {
    shards_draining_ = shards_.size();
    for (const auto& owner : shards_) {
      owner->loop().Post([this, shard = owner.get(), timeout] {
        shard->Drain(shard->loop().Now() + timeout, [this] {
          if (--shards_draining_ == 0) std::exchange(drained_, nullptr)();
        });
      });
    }
  };
  for (size_t i = 0; i < shards_.size(); ++i) {
    loops_[i]->Post([this, i, drain_all] {
      StopAccepting(i);
      if (--shards_draining_ == 0) drain_all();
    });
  }
}

ServerStats HttpServer::stats() const {
  ServerStats stats{};
  stats.connections_open = budget_.connections();
  stats.connections_total = connections_total_.load(std::memory_order_relaxed);
  stats.connections_rejected = connections_rejected_.load(std::memory_order_relaxed);
  stats.inflight_bytes = budget_.bytes();
  for (const auto& shard : shards_) {
    const ConnectionStats& one = shard->stats();
    stats.bytes_in += one.bytes_in.load(std::memory_order_relaxed);
    stats.bytes_out += one.bytes_out.load(std::memory_order_relaxed);
    stats.exchanges += one.exchanges.load(std::memory_order_relaxed);
    stats.exchanges_refused += one.refused.load(std::memory_order_relaxed);
  }
  return stats;
}

}  // namespace sluice::http
