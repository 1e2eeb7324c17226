// The shell between one socket and one Session: reads, finds out the protocol, writes, times out, closes.
//
//   [PROXY header] ─► [TLS handshake] ─► sniff (ALPN, or the HTTP/2 preface) ─► session ─► linger ─► gone
//
// Belongs to its loop. Reads go through one buffer of the loop, so an idle connection holds no memory for them; a turn
// ends with at most one writev of small answers, tried at once; large ones leave in slices. Its code is in three files:
//   connection.cc         a session's bytes in and out, its requests, the end
//   connection_start.cc   from the accepted socket to the session
//   connection_timers.cc  peers that do not send, do not read, or have been here for long enough
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/asio_loop.h"
#include "base/budget.h"
#include "base/unique_fd.h"
#include "transport/http/cors.h"
#include "transport/http/forwarded.h"
#include "transport/http/gate.h"
#include "transport/http/limits.h"
#include "transport/http/service_list.h"
#include "transport/http/session.h"
#include "transport/http/stream.h"
#include "transport/http/tls.h"

namespace sluice::http {

// Written by one loop, read by any thread.
struct ConnectionStats {
  std::atomic<uint64_t> bytes_in{0}, bytes_out{0};
  std::atomic<uint64_t> exchanges{0}, refused{0};

  static void Add(std::atomic<uint64_t>& counter, uint64_t n) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
};

// What connections of one listener and loop share. Outlives them.
struct ConnectionContext {
  AsioLoop& loop;
  const Limits& limits;
  Budget& budget;
  Dispatcher& dispatcher;
  const GateRules& gate;
  const CorsRules& cors;
  const TrustedProxies& trusted_proxies;
  const TlsCertificate* tls;  // null = plain
  uint32_t exposed;
  bool proxy_protocol;
  std::span<char> read_buffer;
  ServiceList& service;
  ConnectionStats& stats;
};

class Connection;

// Told when a connection is over; destroys it in a later turn, because the connection's own frames are still below.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void OnGone(Connection& connection) = 0;  // once
};

class Connection final : public Serviced, private SessionHost, private FdEvents {
 public:
  // `fd` is connected and non-blocking; one connection of the budget is taken for it. `age_max` zero = no limit.
  Connection(const ConnectionContext& context, ConnectionOwner& owner, UniqueFd fd, const IpBytes& ip, uint16_t port,
             Duration age_max);
  ~Connection() override;

  // Polite end: finish what is in flight, take no more.
  void Drain();
  // Impolite end: exchanges get OnClosed(kLost).
  void Cut();
  // Checks all time limits of the connection; called every TickPeriod.
  void Tick();
  static Duration TickPeriod(const Limits& limits);

 private:
  enum class Phase { kProxy, kSniff, kSession, kLinger, kGone };

  // SessionHost.
  Loop& loop() override { return context_.loop; }
  const Peer& peer() const override { return peer_; }
  void SetPeer(RequestHead& head) override;
  std::unique_ptr<ExchangeHandler> OnExchange(Exchange& exchange) override;
  void WantsWrite() override { context_.service.Add(*this); }
  void WantsRead() override { context_.service.Add(*this); }
  void HoldBack(const RequestHead& head, Duration time) override;

  // Serviced, FdEvents: the ways in.
  TimePoint PeerProgress() override;
  void Service() override;
  void OnReadable() override;
  void OnWritable() override;

  // Whatever gets no memory ends this connection, not the process.
  template <typename Work>
  void Guarded(Work&& work);

  // --- the start ---
  void ReadProxyHeader();
  void BeginStream(std::string_view early);
  void Sniff(std::string_view bytes);
  void Begin(std::unique_ptr<Session> session, std::string_view bytes);

  // --- bytes in ---
  void ReadSome();
  IoResult ReadOnce();
  std::span<char> BodyPlace();
  void Feed(std::string_view bytes);
  void FeedEnd();
  bool MayRead() const;

  // --- bytes out, the end ---
  void Settle();
  void Flush();
  void Linger();
  void Close();
  void EndGone();

  // --- time ---
  void OnTick();
  void TickSession(TimePoint now);
  // False: what waits for the peer stalls.
  bool PeerReads(TimePoint now);

  const ConnectionContext& context_;
  ConnectionOwner& owner_;
  Peer peer_;
  int fd_;
  UniqueFd raw_;  // in phase kProxy; then stream_ owns the socket
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<FdWatch> watch_;  // goes before the socket
  std::unique_ptr<Session> session_;
  Phase phase_;
  std::string prefix_;  // bytes of phases kProxy and kSniff

  bool read_more_ = false;  // the stream may hold bytes that no descriptor event will announce
  bool peer_ended_ = false;
  bool blocked_ = false;  // the socket takes no more
  bool draining_ = false;
  bool told_ = false;  // the owner knows that it is over
  size_t exchanges_ = 0, exchanges_at_tick_ = 0;
  TimePoint phase_since_, idle_since_;
  // When the peer last acknowledged what we sent, or nothing waited for it; and how much it had acknowledged then.
  TimePoint write_progress_;
  uint64_t acknowledged_ = 0;
  TimePoint drain_at_ = kNever, cut_at_ = kNever;
  Loop::TimerId held_back_ = 0;  // while it runs, nothing is read
};

}  // namespace sluice::http
