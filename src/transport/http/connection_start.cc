#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "transport/http/connection.h"
#include "transport/http/h1_session.h"
#include "transport/http/h2_session.h"
#include "transport/http/proxy_protocol.h"

namespace sluice::http {
namespace {

constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

Peer MakePeer(const ConnectionContext& context, const IpBytes& ip, uint16_t port) {
  Peer peer;
  peer.socket_ip = peer.client_ip = IpText(ip);
  peer.port = port;
  peer.tls = context.tls != nullptr;
  peer.exposed = context.exposed;
  return peer;
}

}  // namespace

Connection::Connection(const ConnectionContext& context, ConnectionOwner& owner, UniqueFd fd, const IpBytes& ip,
                       uint16_t port, Duration age_max)
    : context_(context),
      owner_(owner),
      peer_(MakePeer(context, ip, port)),
      fd_(fd.get()),
      raw_(std::move(fd)),
      phase_(Phase::kProxy),
      phase_since_(context.loop.Now()),
      idle_since_(phase_since_),
      write_progress_(phase_since_) {
  if (age_max > Duration::zero()) drain_at_ = phase_since_ + age_max;
  watch_ = context_.loop.Watch(fd_, *this);
  if (!context_.proxy_protocol) BeginStream({});
  watch_->WantRead();
}

// The header is read before anything else, also before TLS; what follows it belongs to the stream.
void Connection::ReadProxyHeader() {
  char buffer[kProxyHeaderBytesMax];
  const ssize_t n = recv(fd_, buffer, sizeof(buffer), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return Cut();
  prefix_.append(buffer, static_cast<size_t>(n));
  const ProxyHeader header = ParseProxyHeader(prefix_);
  switch (header.kind) {
    case ProxyHeader::Kind::kNeedMore: return;
    case ProxyHeader::Kind::kBad:
    case ProxyHeader::Kind::kNone: return Cut();
    case ProxyHeader::Kind::kFound:
      if (!header.client_ip.empty()) {
        peer_.client_ip = header.client_ip;
        peer_.port = header.client_port;
      }
  }
  const std::string rest = std::exchange(prefix_, {}).substr(header.size);
  BeginStream(rest);
}

void Connection::BeginStream(std::string_view early) {
  phase_ = Phase::kSniff;
  if (context_.tls != nullptr) {
    stream_ = NewTlsStream(std::move(raw_), context_.tls->current().get(), early);
    if (!early.empty()) ReadSome();
  } else {
    stream_ = NewPlainStream(std::move(raw_));
    if (!early.empty()) Feed(early);
  }
}

// By ALPN, else by the first bytes: an HTTP/2 client begins with a fixed preface.
void Connection::Sniff(std::string_view bytes) {
  if (!prefix_.empty()) {
    prefix_.append(bytes);
    bytes = prefix_;
  }
  const size_t known = std::min(bytes.size(), kH2Preface.size());
  const bool may_be_h2 = bytes.substr(0, known) == kH2Preface.substr(0, known);
  if (stream_->alpn() == "h2" || (may_be_h2 && known == kH2Preface.size())) {
    Begin(NewH2Session(*this, context_.limits, context_.budget), bytes);
  } else if (!may_be_h2) {
    Begin(NewH1Session(*this, context_.limits, context_.budget), bytes);
  } else if (prefix_.empty()) {
    prefix_ = bytes;
  }
}

void Connection::Begin(std::unique_ptr<Session> session, std::string_view bytes) {
  session_ = std::move(session);
  phase_ = Phase::kSession;
  phase_since_ = idle_since_ = context_.loop.Now();
  session_->Receive(bytes);
  GiveBack(prefix_);
}

}  // namespace sluice::http
