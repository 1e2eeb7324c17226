// One WebSocket over an exchange that switched to it: messages in and out, keep-alive, limits, the closing handshake.
//
//   open ─► Close() or the peer's close frame ─► both were sent ─► the exchange ends
//     └──── a broken rule: a close frame, and the exchange ends at once
//
// Passive, like the sessions below it: bytes and time come from the exchange and its loop, where everything runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/budget.h"
#include "base/executor.h"
#include "transport/backlog.h"
#include "transport/http/exchange.h"
#include "transport/http/token_bucket.h"
#include "transport/websocket/frame.h"

namespace sluice::websocket {

struct SocketOptions {
  size_t message_bytes_max = 32 << 20;
  Duration ping_interval = std::chrono::seconds(30);  // of a peer from which nothing came; 0 = none
  Duration pong_timeout = std::chrono::seconds(20);   // then the peer counts as gone
  Duration idle_timeout = std::chrono::minutes(10);   // without a message either way; 0 = none
  Duration close_timeout = std::chrono::seconds(5);   // for the peer's close frame
  uint32_t idle_frames_per_second_max = 200;          // control frames and empty fragments
};

// The side that knows what messages mean.
class SocketEvents {
 public:
  virtual ~SocketEvents() = default;
  // False: the socket keeps what comes, and the peer waits, until Socket::Resume.
  virtual bool WantsMessage() const = 0;
  virtual void OnMessage(Opcode kind, std::string payload) = 0;
  // No message comes any more, and none that is sent will be read: the peer closes, broke a rule or was silent too
  // long. `broken`: it was not a polite end. At most once.
  virtual void OnEnd(bool broken) = 0;
};

class Socket {
 public:
  // The references outlive the socket. The exchange's head with status 101 was sent.
  Socket(http::Exchange& exchange, Budget& budget, const SocketOptions& options, SocketEvents& events);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // --- from the exchange ---
  void OnBody(std::string_view bytes) { backlog_.OnBody(bytes); }
  // The peer ended its side without a close frame (HTTP/2).
  void OnBodyEnd();

  // --- from the owner ---
  // Bytes on the wire. Nothing is sent after Close.
  size_t Send(Opcode kind, std::string payload);
  // Starts the closing handshake, or answers the peer's.
  void Close(uint16_t code, std::string_view reason);
  // WantsMessage() turned true.
  void Resume() { backlog_.Resume(); }

 private:
  size_t Take(std::string_view bytes);
  void Pause();
  void OnItem(Item item);
  void OnPeerClose(std::string_view payload);
  void EndOfPeer(bool broken);
  // A close frame, and no more words.
  void Break(uint16_t code, std::string_view detail);
  void SendFrame(Opcode opcode, std::string payload);
  void EndExchange();
  void Arm();
  void Tick();

  http::Exchange& exchange_;
  Budget& budget_;
  const SocketOptions options_;
  SocketEvents& events_;
  transport::Backlog backlog_;
  FrameReader reader_;
  BudgetHold partial_;  // a large message that is still coming
  http::TokenBucket idle_frames_;
  TimePoint last_receive_, last_message_, ping_sent_, close_sent_at_;
  bool ping_out_ = false;
  bool close_sent_ = false, close_received_ = false;
  bool peer_ended_ = false;  // OnEnd was called, or is not needed any more
  bool over_ = false;        // the exchange ended
  bool body_ended_ = false;  // while it was paused
  Loop::TimerId timer_ = 0, pause_ = 0;
};

}  // namespace sluice::websocket
