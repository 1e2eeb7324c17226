#include "transport/http/connection.h"

#include <algorithm>
#include <array>

#include "absl/strings/numbers.h"
#include "base/long_turn.h"
#include "base/no_memory.h"
#include "base/strings.h"
#include "transport/http/options.h"
#include "transport/http/probe.h"

namespace sluice::http {
namespace {

// After so much the loop's other connections have their turn.
constexpr int kReadsPerEvent = 8;
// A body is read to where it is collected if so much of it is there and to come; and so much of it in one read.
constexpr size_t kLargeBody = 16 << 10;
constexpr size_t kPlacedAtOnce = 256 << 10;
constexpr int kWritesPerService = 16;
constexpr size_t kWriteBytesPerService = 1 << 20;
constexpr size_t kIovecs = 64;

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

}  // namespace

Connection::~Connection() {
  if (phase_ != Phase::kGone) Close();
  context_.service.Remove(*this);
}

// Ways in. Each ends with Settle.

template <typename Work>
void Connection::Guarded(Work&& work) {
  if (!GetsMemory(work)) Cut();
}

void Connection::OnReadable() {
  Guarded([this] {
    if (phase_ == Phase::kProxy) {
      ReadProxyHeader();
    } else if (held_back_ == 0) {
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
  if (held_back_ != 0) context_.loop.Cancel(std::exchange(held_back_, 0));
  if (session_) session_->Lost();
  watch_.reset();
  stream_.reset();
  raw_ = UniqueFd();
  context_.budget.Disconnect();
}

// Reading.

bool Connection::MayRead() const {
  if (peer_ended_ || held_back_ != 0 || phase_ == Phase::kGone) return false;
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
  if (status.ok() && exchange.head().method == "OPTIONS") {
    if (auto handler = AnswerOptions(exchange, context_.cors)) return handler;
  }
  if (status.ok() && !IsProbe(exchange.head()) && !context_.budget.CanStart(BodyBytes(exchange.head()))) {
    status = BudgetUsedUp();
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

}  // namespace sluice::http
