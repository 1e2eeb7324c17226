// The protocol machine of one connection, without sockets, threads or system clocks: bytes in, bytes out.
// connection.cc moves bytes between a socket and a Session; tests and fuzzers drive the same Session by hand.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "transport/http/exchange.h"

namespace sluice::http {

// What a session needs from its connection. Outlives the session.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  virtual Loop& loop() = 0;
  virtual const Peer& peer() const = 0;
  // Fills head.peer once per request, before OnExchange: the socket's peer, or whom a trusted proxy's X-Forwarded-For
  // names.
  virtual void SetPeer(RequestHead& head) { head.peer = peer(); }
  // A request's head is complete and passed the gate (Host, Origin, limits). Never null.
  virtual std::unique_ptr<ExchangeHandler> OnExchange(Exchange& exchange) = 0;
  // Output became pending outside Receive(); the host calls Gather in a later turn (once per turn, however often
  // asked).
  virtual void WantsWrite() = 0;
  // WantsRead() became true again.
  virtual void WantsRead() = 0;
  // See Exchange::HoldBack; `head` is the exchange's.
  virtual void HoldBack(const RequestHead& /*head*/, Duration /*time*/) {}
  // When the peer last acknowledged bytes that we sent, or more of them left for it.
  virtual TimePoint PeerProgress() { return TimePoint::min(); }
};

class Session {
 public:
  virtual ~Session() = default;

  // Takes everything the socket read. May call handlers. Afterwards the host looks at Gather and Finished.
  virtual void Receive(std::string_view bytes) = 0;
  // As much as one read should bring: little while a head is awaited, so that its body can go to its place, or nowhere.
  virtual size_t ReadAtOnce() const { return SIZE_MAX; }
  // Of what comes next, bytes that nobody wants. The host may drop them unread and say how many (Skipped), or give them
  // to Receive.
  virtual size_t Unwanted() const { return 0; }
  virtual void Skipped(size_t /*bytes*/) {}
  // Instead of Receive, for a large body: PlaceFor says where up to `bytes` of what the socket has are wanted (empty:
  // nowhere, call Receive), and Placed how many the socket then put there. Nothing else is called in between.
  virtual size_t BodyExpected() const { return 0; }  // bytes of it that are to come
  virtual std::span<char> PlaceFor(size_t /*bytes*/) { return {}; }
  virtual void Placed(size_t /*bytes*/) {}
  // Goes on with what a turn was too short for (see turn.h): input taken and not looked at, exchanges to be closed. The
  // host calls it after WantsWrite(), before Gather.
  virtual void Continue() {}
  // The peer closed its sending side.
  virtual void ReceiveEnd() = 0;
  // False while back-pressure stops reading (in-flight budget, pipelined requests, unwritten output).
  virtual bool WantsRead() const = 0;

  // Fills `out` with pending output, in order; returns how many entries. The bytes stay valid until Written().
  virtual size_t Gather(std::span<iovec> out) = 0;
  // The first `bytes` of what Gather gave have left.
  virtual void Written(size_t bytes) = 0;

  // Nothing pending, nothing will come: close the socket.
  virtual bool Finished() const = 0;
  // Polite end: GOAWAY or `Connection: close`; exchanges in flight are told (OnDrain) and finished, then Finished()
  // turns true. May come again: once because of the connection's age, then because the server stops.
  virtual void Drain() = 0;
  // Memory is short (Budget::Short): exchanges that hold much of it and whose peer stalls end now. Called every
  // tick of the host while it is.
  virtual void Relieve() {}
  // The socket is gone: every exchange gets OnClosed(kLost), many of them in later turns (Continue): destroy the
  // session when open_exchanges() is 0, or not caring how long it takes.
  virtual void Lost() = 0;
  virtual size_t open_exchanges() const = 0;
};

}  // namespace sluice::http
