#include "transport/http/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "absl/strings/numbers.h"
#include "base/error.h"
#include "base/strings.h"
#include "transport/http/h1_session.h"
#include "transport/http/h2_session.h"
#include "transport/http/probe.h"
#include "transport/http/proxy_protocol.h"
#include "transport/http/turn.h"

namespace sluice::http {
namespace {

constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// After so much the loop's other connections have their turn.
constexpr int kReadsPerEvent = 8;
// A body is read to where it is collected if so much of it is there and to come; and so much of it in one read.
constexpr size_t kLargeBody = 16 << 10;
constexpr size_t kPlacedAtOnce = 1 << 20;
constexpr int kWritesPerService = 16;
constexpr size_t kWriteBytesPerService = 1 << 20;
constexpr size_t kIovecs = 64;
constexpr Duration kLingerMax = seconds(1);
constexpr Duration kLingerMaxDraining = std::chrono::milliseconds(200);

Peer MakePeer(const ConnectionContext& context, const IpBytes& ip, uint16_t port) {
  Peer peer;
  peer.socket_ip = peer.client_ip = IpText(ip);
  peer.port = port;
  peer.tls = context.tls != nullptr;
  peer.exposed = context.exposed;
  return peer;
}

// How many of the entries hold the first `bytes`; the last is shortened.
size_t CutTo(size_t bytes, std::span<iovec> entries) {
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].iov_len >= bytes) {
      entries[i].iov_len = bytes;
      return i + 1;
    }
    bytes -= entries[i].iov_len;
  }
  return entries.size();
}

// What the head says; a body of unknown size is taken for small until it is not.
uint64_t BodyBytes(const RequestHead& head) {
  uint64_t bytes = 0;
  if (!head.expects_body || !absl::SimpleAtoi(ToAbsl(head.headers.Get("content-length")), &bytes)) return 0;
  return bytes;
}

// "OPTIONS *": the server as a whole.
class ServerOptionsHandler final : public ExchangeHandler {
 public:
  explicit ServerOptionsHandler(Exchange& exchange) {
    Headers headers;
    headers.Add("allow", "GET, HEAD, POST, OPTIONS");
    exchange.SendHead(204, headers, true);
  }
  void OnBody(std::string_view) override {}
  void OnBodyEnd() override {}
  void OnClosed(CloseReason) override {}
};

class PreflightHandler final : public ExchangeHandler {
 public:
  PreflightHandler(Exchange& exchange, const CorsRules& rules) {
    Headers headers;
    AddPreflight(exchange.head(), rules, headers);
    exchange.SendHead(204, headers, true);
  }
  void OnBody(std::string_view) override {}
  void OnBodyEnd() override {}
  void OnClosed(CloseReason) override {}
};

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

Connection::~Connection() {
  if (phase_ != Phase::kGone) Close();
  context_.service.Remove(*this);
}

// Ways in. Each ends with Settle.

template <typename Work>
void Connection::Guarded(Work&& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    Cut();
  }
}

void Connection::OnReadable() {
  Guarded([this] {
    if (phase_ == Phase::kProxy) {
      ReadProxyHeader();
    } else {
      ReadSome();
    }
    Settle();
  });
}

void Connection::OnWritable() {
  blocked_ = false;
  Guarded([this] { Settle(); });
}

void Connection::Service() {
  Guarded([this] {
    if (session_) session_->Continue();
    if (phase_ == Phase::kGone) return EndGone();
    if (read_more_ && MayRead()) ReadSome();
    Settle();
  });
}

void Connection::Tick() {
  Guarded([this] { OnTick(); });
}

void Connection::Drain() {
  drain_at_ = kNever;
  draining_ = true;
  if (phase_ == Phase::kProxy || phase_ == Phase::kSniff) return Cut();
  if (phase_ != Phase::kSession) return;
  session_->Drain();
  context_.service.Add(*this);
}

void Connection::Cut() {
  if (phase_ == Phase::kGone) return;
  Close();
  EndGone();
}

// The session's exchanges may take some turns to end (Service).
void Connection::EndGone() {
  if (told_ || (session_ && session_->open_exchanges() > 0)) return;
  told_ = true;
  owner_.OnGone(*this);
}

void Connection::Close() {
  phase_ = Phase::kGone;
  if (session_) session_->Lost();
  watch_.reset();
  stream_.reset();
  raw_ = UniqueFd();
  context_.budget.Disconnect();
}

// Reading.

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

bool Connection::MayRead() const {
  if (peer_ended_ || phase_ == Phase::kGone) return false;
  return phase_ != Phase::kSession || session_->WantsRead();
}

// Where a large body is collected, if that is what comes next: one copy less.
std::span<char> Connection::BodyPlace() {
  if (phase_ != Phase::kSession || session_->BodyExpected() < kLargeBody) return {};
  const size_t there = std::min(stream_->Available(), kPlacedAtOnce);
  return there < kLargeBody ? std::span<char>() : session_->PlaceFor(there);
}

// One read, into what it belongs to.
IoResult Connection::ReadOnce() {
  const std::span<char> buffer = context_.read_buffer;
  const bool in_session = phase_ == Phase::kSession;
  const size_t unwanted = in_session ? session_->Unwanted() : 0;
  const std::span<char> place = unwanted > 0 ? std::span<char>() : BodyPlace();
  IoResult result;
  if (unwanted > 0) {
    result = stream_->Skip(std::min(unwanted, kPlacedAtOnce), buffer);
  } else if (!place.empty()) {
    result = stream_->Read(place);
  } else {
    result = stream_->Read(buffer.first(std::min(buffer.size(), in_session ? session_->ReadAtOnce() : buffer.size())));
  }
  const size_t bytes = result.what == Io::kOk ? result.bytes : 0;
  ConnectionStats::Add(context_.stats.bytes_in, bytes);
  if (!place.empty()) {
    session_->Placed(bytes);
  } else if (bytes > 0 && unwanted > 0) {
    session_->Skipped(bytes);
  } else if (bytes > 0) {
    Feed({buffer.data(), bytes});
  }
  return result;
}

void Connection::ReadSome() {
  for (int i = 0; i < kReadsPerEvent && phase_ != Phase::kGone; ++i) {
    const IoResult result = ReadOnce();
    read_more_ = result.more;
    switch (result.what) {
      case Io::kOk: break;
      case Io::kWouldBlock: return;
      case Io::kEnd: return FeedEnd();
      case Io::kError: return Cut();
    }
    if (!read_more_ || !MayRead() || TurnIsLong(context_.loop)) return;
  }
}

void Connection::Feed(std::string_view bytes) {
  switch (phase_) {
    case Phase::kSniff: return Sniff(bytes);
    case Phase::kSession: return session_->Receive(bytes);
    default: return;  // lingering: nobody wants them
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

void Connection::FeedEnd() {
  peer_ended_ = true;
  read_more_ = false;
  if (phase_ != Phase::kSession) return Cut();
  session_->ReceiveEnd();
}

void Connection::SetPeer(RequestHead& head) {
  head.peer = peer_;
  if (head.headers.Find("origin") && CheckGate(head, context_.gate).ok()) {
    AddCors(head, context_.cors, head.answer_headers);
  }
  if (context_.trusted_proxies.empty()) return;
  head.peer.client_ip = ClientAddress(peer_.client_ip, head.headers, context_.trusted_proxies);
}

std::unique_ptr<ExchangeHandler> Connection::OnExchange(Exchange& exchange) {
  ++exchanges_;
  ConnectionStats::Add(context_.stats.exchanges, 1);
  absl::Status status = CheckGate(exchange.head(), context_.gate);
  if (status.ok() && IsPreflight(exchange.head())) return std::make_unique<PreflightHandler>(exchange, context_.cors);
  if (status.ok() && exchange.head().method == "OPTIONS" && exchange.head().path == "*") {
    return std::make_unique<ServerOptionsHandler>(exchange);
  }
  if (status.ok() && !IsProbe(exchange.head()) && !context_.budget.CanStart(BodyBytes(exchange.head()))) {
    status = Error(Reason::OVERLOADED, "the server's memory budget is used up; retry later");
    SetRetryAfter(status, absl::Seconds(1));
  }
  if (status.ok()) return context_.dispatcher.Start(exchange);
  ConnectionStats::Add(context_.stats.refused, 1);
  return context_.dispatcher.Refuse(exchange, status);
}

// Writing and ending.

// After anything happened: write what there is, then wait for what is needed next.
void Connection::Settle() {
  if (phase_ != Phase::kProxy) Flush();
  if (phase_ == Phase::kSession && session_->Finished() && !stream_->Pending()) Linger();
  if (phase_ == Phase::kGone) return;
  if (blocked_) watch_->WantWrite();
  if (!MayRead()) return;
  if (read_more_) {
    context_.service.Add(*this);
  } else {
    watch_->WantRead();
  }
}

void Connection::Flush() {
  std::array<iovec, kIovecs> out;
  size_t left = kWriteBytesPerService;
  for (int i = 0; i < kWritesPerService && left > 0 && !blocked_ && phase_ != Phase::kGone; ++i) {
    const size_t n = session_ ? CutTo(left, std::span(out.data(), session_->Gather(out))) : 0;
    if (n == 0 && !stream_->Pending()) return;
    const IoResult result = stream_->Write(std::span(out.data(), n));
    if (result.what == Io::kError) return Cut();
    if (result.what == Io::kWouldBlock || (n == 0 && stream_->Pending())) {
      blocked_ = true;
    }
    if (result.bytes == 0) continue;
    left -= std::min(left, result.bytes);
    ConnectionStats::Add(context_.stats.bytes_out, result.bytes);
    session_->Written(result.bytes);
  }
  if (!blocked_) context_.service.Add(*this);  // more to write, after the others
}

// A socket closed with unread bytes sends RST, which can destroy our last answer on its way. So: FIN, then read what
// still comes, for a moment.
void Connection::Linger() {
  phase_ = Phase::kLinger;
  phase_since_ = context_.loop.Now();
  stream_->EndWriting();
  if (peer_ended_) Cut();
}

// Time limits.

Duration Connection::TickPeriod(const Limits& limits) {
  Duration least = seconds(4);
  for (const Duration d : {limits.head_timeout, limits.write_idle_timeout, limits.keep_alive, limits.connection_age_max,
                           limits.connection_age_grace}) {
    if (d > Duration::zero()) least = std::min(least, d);
  }
  return std::max<Duration>(least / 4, std::chrono::milliseconds(5));
}

void Connection::OnTick() {
  const TimePoint now = context_.loop.Now();
  switch (phase_) {
    case Phase::kProxy:
    case Phase::kSniff: {
      // A plain connection that sent nothing at all may be a browser's spare one; a proxy, TLS and half a preface may
      // not idle.
      const bool begun = !prefix_.empty() || context_.tls != nullptr || phase_ == Phase::kProxy;
      if (now - phase_since_ >= (begun ? context_.limits.head_timeout : context_.limits.keep_alive)) Cut();
      return;
    }
    case Phase::kSession: return TickSession(now);
    case Phase::kLinger:
      if (now - phase_since_ >= (draining_ ? kLingerMaxDraining : kLingerMax)) Cut();
      return;
    case Phase::kGone: return;
  }
}

// Looked at only when the socket takes no more: what a session keeps back for a peer's windows is the session's
// business.
bool Connection::PeerReads(TimePoint now) {
  if (!blocked_) {
    write_progress_ = now;
    return true;
  }
  const bool is_short = context_.budget.Short();
  const uint64_t acknowledged = stream_->Acknowledged();
  // While memory is short a trickle is not progress.
  if (acknowledged - acknowledged_ >= (is_short ? Budget::kSmallBytes : 1)) {
    acknowledged_ = acknowledged;
    write_progress_ = now;
  }
  const Duration patience = context_.limits.write_idle_timeout;
  return now - write_progress_ < (is_short ? std::min(patience, kPatienceShort) : patience);
}

TimePoint Connection::PeerProgress() {
  PeerReads(context_.loop.Now());
  return blocked_ ? write_progress_ : TimePoint::min();
}

void Connection::TickSession(TimePoint now) {
  const Limits& limits = context_.limits;
  if (now >= cut_at_) return Cut();
  if (!PeerReads(now)) return Cut();
  if (context_.budget.Short()) {
    session_->Relieve();
    context_.service.Add(*this);
  }
  const bool idle = session_->open_exchanges() == 0 && exchanges_ == exchanges_at_tick_ && !blocked_;
  exchanges_at_tick_ = exchanges_;
  if (!idle) idle_since_ = now;
  if (now - idle_since_ >= limits.keep_alive || now >= drain_at_) {
    cut_at_ = std::min(cut_at_, now + limits.connection_age_grace);
    idle_since_ = now;
    Drain();
  }
}

}  // namespace sluice::http
