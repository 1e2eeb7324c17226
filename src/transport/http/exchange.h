// One HTTP request and its response, the same for HTTP/1.1 and HTTP/2.
//
// The connection's session makes an Exchange when a request's head is complete and hands it to the codec that
// recognises it; the codec answers with an ExchangeHandler. Everything here belongs to the connection's loop.
//
//   head ─► OnBody* ─► OnBodyEnd      (request)        SendHead ─► SendBody* ─► end | SendTrailers   (response)
//   OnClosed ends every exchange exactly once: after the response, or when the peer reset, vanished or was cut off.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "base/executor.h"
#include "base/headers.h"

namespace sluice::http {

enum class Version { kHttp11, kHttp2 };

// What a listener serves (its `expose` list), as bits of Peer::exposed.
enum Exposed : uint32_t { kExposeApi = 1, kExposeAdmin = 2, kExposeMetrics = 4, kExposeConsole = 8, kExposeAll = 15 };

struct Peer {
  std::string client_ip;  // after trusted_proxies: X-Forwarded-For or PROXY protocol; else the socket's
  std::string socket_ip;
  uint16_t port = 0;
  bool tls = false;
  uint32_t exposed = kExposeAll;  // of the listener; a codec or the router answers NOT_FOUND for what is not exposed
};

struct RequestHead {
  Version version = Version::kHttp11;
  std::string method;     // "POST"; for a codec HEAD is GET: the session leaves the body out
  std::string authority;  // Host or :authority
  std::string path;       // as sent, percent-encoded, without the query
  std::string query;      // after '?', or ""
  Headers headers;        // no pseudo-headers
  // "websocket" when the client asks to go on in that protocol: HTTP/1.1 Upgrade, or HTTP/2's extended CONNECT (RFC
  // 8441). A codec that agrees sends the head with status 101; from then on body bytes are the protocol's own, both
  // ways.
  std::string upgrade;
  Peer peer;
  Headers answer_headers;     // the session adds them to the answer's head, whoever gives it (CORS)
  TimePoint received;         // when the head was complete
  bool expects_body = false;  // false: END_STREAM came with the head, or Content-Length 0
};

// What an open exchange is taken to cost beside its headers and bodies: its stream, its handler, its call. Charged to
// the budget.
inline constexpr size_t kExchangeBytes = 4 << 10;

// Makes it as new, and its memory free. (An assignment of an empty string keeps the old one's memory.)
template <typename T>
void GiveBack(T& object) {
  T fresh;
  std::swap(object, fresh);
}

// Memory of a head outside the object itself, about.
inline size_t HeapBytes(const RequestHead& head) {
  return head.headers.held_bytes() + head.path.capacity() + head.query.capacity() + head.authority.capacity() +
         head.answer_headers.held_bytes();
}

enum class CloseReason {
  kDone,      // request and response are complete
  kReset,     // the peer reset the stream, or closed an HTTP/1.1 connection: nobody reads the answer
  kLost,      // the connection broke
  kCut,       // we cut it: protocol error, timeout, shutdown
  kNoMemory,  // the same, because the memory budget is used up
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const RequestHead& head() const = 0;
  virtual Loop& loop() = 0;

  // Gives body bytes back to flow control; every byte of OnBody must be given back once, when the codec can take more.
  // Bytes not given back stay charged to the in-flight-bytes budget.
  virtual void ConsumeBody(size_t bytes) = 0;

  // Once. Status 101 only when head().upgrade is set: the session makes of it what the version needs.
  // `end`: no body and no trailers follow. The session adds date, server, connection, content-length and
  // transfer-encoding as the version needs; a content-length given here is kept.
  virtual void SendHead(int status, const Headers& headers, bool end) = 0;
  // The bytes are moved and written without a copy. Never blocks: see UnsentBytes. They are charged to the budget until
  // they left (so give back what you held for them before), and never refused: whether they fit is asked before they
  // are made (Budget::Fits), when there is still another answer to give.
  virtual void SendBody(std::string bytes, bool end) = 0;
  // Ends the response. HTTP/1.1 sends them as chunked trailers only when `te: trailers` was asked, else drops them.
  virtual void SendTrailers(const Headers& trailers) = 0;
  // Response bytes taken and not yet handed to the socket. Above Limits::response_buffer_bytes a streaming codec waits
  // for OnWritable.
  virtual size_t UnsentBytes() const = 0;

  // The client asks for more than it may have: its connection is not read for so long, so that what it sends waits on
  // its own side. Not for one that speaks for others (a trusted proxy).
  virtual void HoldBack(Duration /*time*/) {}

  // Gives up: RST_STREAM (HTTP/2) or closing the connection (HTTP/1.1). OnClosed(kCut) follows in a later turn.
  virtual void Reset() = 0;
};

// Made by a codec for one exchange, owned by the session, destroyed after OnClosed. The Exchange outlives it.
class ExchangeHandler {
 public:
  virtual ~ExchangeHandler() = default;
  // `bytes` is valid during the call only.
  virtual void OnBody(std::string_view bytes) = 0;
  // Where the next `bytes` of the body belong, to save a copy; empty: OnBody gets them. Then OnBodyPlaced says how many
  // were put there (0: none).
  virtual std::span<char> PlaceFor(size_t /*bytes*/) { return {}; }
  virtual void OnBodyPlaced(size_t /*bytes*/) {}
  virtual void OnBodyEnd() = 0;
  // Memory is used up, and there is none for the rest of the body: the moment to answer so, in the client's protocol.
  // Who does not is cut (CloseReason::kNoMemory).
  virtual void OnNoMemory() {}
  // UnsentBytes fell below half of the bound.
  virtual void OnWritable() {}
  // Whether silence of the peer is a fault (Limits::body_idle_timeout). A stream between two messages may be silent.
  virtual bool AwaitsBody() const { return true; }
  // Memory that is kept for a stream whose peer may be silent: more than a little, and it must go on while memory is
  // short.
  virtual size_t KeptBytes() const { return 0; }
  // The connection drains. What is in flight is finished; a stream that could stay open for long looks whether it must
  // end.
  virtual void OnDrain() {}
  virtual void OnClosed(CloseReason reason) = 0;
};

// A protocol over HTTP (gRPC, REST, pages …). A Dispatcher keeps them in order; the first that matches takes the
// exchange. One codec object serves one loop or many: it is immutable after start.
class Codec {
 public:
  virtual ~Codec() = default;
  virtual bool Matches(const RequestHead& head) const = 0;
  virtual std::unique_ptr<ExchangeHandler> Start(Exchange& exchange) const = 0;
  // Answers an exchange that is refused (Host, Origin, memory, shutdown) as its clients expect; null leaves that to the
  // next codec that matches. The last in the list answers.
  virtual std::unique_ptr<ExchangeHandler> Refuse(Exchange& exchange, const absl::Status& status) const {
    return nullptr;
  }
};

// What the program gives the server: who answers an exchange. Called on every loop.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  // The first codec that matches. Never null.
  virtual std::unique_ptr<ExchangeHandler> Start(Exchange& exchange) = 0;
  // Answers with an error in the form the client expects (gRPC status, problem+json …). Never null.
  virtual std::unique_ptr<ExchangeHandler> Refuse(Exchange& exchange, const absl::Status& status) = 0;
};

}  // namespace sluice::http
