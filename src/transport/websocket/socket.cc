#include "transport/websocket/socket.h"

#include <algorithm>
#include <utility>

#include "base/long_turn.h"

namespace sluice::websocket {
namespace {

// Below this a copy after the frame header is cheaper than a piece of its own.
constexpr size_t kJoinBytesMax = 4 << 10;
// Read before the turn's time is looked at: hundreds of fragments, where each holds a byte.
constexpr size_t kReadAtOnce = 4 << 10;

}  // namespace

Socket::Socket(http::Exchange& exchange, Budget& budget, const SocketOptions& options, SocketEvents& events)
    : exchange_(exchange),
      budget_(budget),
      options_(options),
      events_(events),
      backlog_(exchange, [this](std::string_view bytes) { return Take(bytes); }),
      reader_(options.message_bytes_max),
      idle_frames_(options.idle_frames_per_second_max, 2.0 * options.idle_frames_per_second_max, exchange.loop().Now()),
      last_receive_(exchange.loop().Now()),
      last_message_(last_receive_) {
  Arm();
}

Socket::~Socket() {
  if (timer_ != 0) exchange_.loop().Cancel(timer_);
  if (pause_ != 0) exchange_.loop().Cancel(pause_);
}

// --- in ---

void Socket::OnBodyEnd() {
  if (pause_ == 0) return EndOfPeer(true);
  body_ended_ = true;  // after what waits, which may be the close frame
}

size_t Socket::Take(std::string_view bytes) {
  std::string_view rest = bytes;
  last_receive_ = exchange_.loop().Now();
  ping_out_ = false;
  while (!rest.empty() && !over_ && (close_sent_ || events_.WantsMessage())) {
    Item item;
    std::string_view part = rest.substr(0, kReadAtOnce);
    const size_t had = part.size();
    const bool complete = reader_.Next(part, item);
    rest.remove_prefix(had - part.size());
    for (size_t i = reader_.TakeIdleFrames(); i > 0 && !over_; --i) {
      if (!idle_frames_.Take(last_receive_)) Break(kPolicy, "too many control frames");
    }
    if (over_) break;
    if (complete) {
      OnItem(std::move(item));
    } else if (reader_.fault().code != 0) {
      Break(reader_.fault().code, reader_.fault().detail);
    }
    if (!rest.empty() && !over_ && TurnIsLong(exchange_.loop())) {
      Pause();
      break;
    }
  }
  const size_t held = reader_.buffered();
  partial_.Resize(budget_, over_ || held < Budget::kSmallBytes ? 0 : held);
  return over_ ? bytes.size() : bytes.size() - rest.size();
}

// Until the next turn: a timer, because tasks that are posted belong to this one.
void Socket::Pause() {
  if (pause_ != 0) return;
  pause_ = exchange_.loop().At(exchange_.loop().Now(), [this] {
    pause_ = 0;
    backlog_.Resume();
    if (body_ended_ && pause_ == 0) EndOfPeer(true);
  });
}

void Socket::OnItem(Item item) {
  switch (item.kind) {
    case Opcode::kText:
    case Opcode::kBinary:
      last_message_ = last_receive_;
      if (!close_sent_ && !peer_ended_) events_.OnMessage(item.kind, std::move(item.payload));
      return;
    case Opcode::kPing:
      if (!close_sent_) SendFrame(Opcode::kPong, std::move(item.payload));
      return;
    case Opcode::kClose: return OnPeerClose(item.payload);
    default: return;
  }
}

void Socket::OnPeerClose(std::string_view payload) {
  close_received_ = true;
  const uint16_t code = CodeOfClose(payload);
  if (code == kProtocolError || code == kInvalidText) return Break(code, "the close frame is not well-formed");
  EndOfPeer(false);  // the owner may have an answer of its own
  Close(code == kNoStatus ? uint16_t{kNormal} : code, {});
  EndExchange();
}

void Socket::EndOfPeer(bool broken) {
  if (std::exchange(peer_ended_, true)) return;
  events_.OnEnd(broken);
}

// --- out ---

size_t Socket::Send(Opcode kind, std::string payload) {
  if (close_sent_ || over_) return 0;
  last_message_ = exchange_.loop().Now();
  const size_t bytes = payload.size();
  SendFrame(kind, std::move(payload));
  return bytes;
}

void Socket::SendFrame(Opcode opcode, std::string payload) {
  if (over_) return;
  std::string header = FrameHeader(opcode, payload.size());
  if (payload.size() <= kJoinBytesMax) return exchange_.SendBody(header.append(payload), false);
  exchange_.SendBody(std::move(header), false);
  exchange_.SendBody(std::move(payload), false);
}

void Socket::Close(uint16_t code, std::string_view reason) {
  if (over_ || std::exchange(close_sent_, true)) return;
  peer_ended_ = true;  // the owner knows
  SendFrame(Opcode::kClose, ClosePayload(code, reason));
  if (close_received_) return EndExchange();
  close_sent_at_ = exchange_.loop().Now();
  Arm();
  Resume();  // what waits is thrown away; the peer's close frame may follow it
}

void Socket::Break(uint16_t code, std::string_view detail) {
  if (over_) return;
  if (!std::exchange(close_sent_, true)) SendFrame(Opcode::kClose, ClosePayload(code, detail));
  EndOfPeer(true);
  EndExchange();
}

void Socket::EndExchange() {
  if (std::exchange(over_, true)) return;
  exchange_.SendBody({}, true);
  if (timer_ != 0) exchange_.loop().Cancel(std::exchange(timer_, 0));
}

// --- time ---

// One timer; traffic only notes its time.
void Socket::Arm() {
  if (over_) return;
  TimePoint due = kNever;
  if (close_sent_) {
    due = close_sent_at_ + options_.close_timeout;
  } else {
    if (options_.ping_interval > Duration::zero()) {
      due = ping_out_ ? ping_sent_ + options_.pong_timeout : last_receive_ + options_.ping_interval;
    }
    if (options_.idle_timeout > Duration::zero()) due = std::min(due, last_message_ + options_.idle_timeout);
  }
  if (timer_ != 0) exchange_.loop().Cancel(std::exchange(timer_, 0));
  if (due == kNever) return;
  timer_ = exchange_.loop().At(due, [this] {
    timer_ = 0;
    Tick();
    Arm();
  });
}

void Socket::Tick() {
  const TimePoint now = exchange_.loop().Now();
  if (over_) return;
  if (close_sent_) {
    if (now - close_sent_at_ >= options_.close_timeout) EndExchange();
    return;
  }
  // While we do not read, silence is ours.
  if (!backlog_.empty()) {
    last_receive_ = last_message_ = now;
    ping_out_ = false;
  }
  if (options_.idle_timeout > Duration::zero() && now - last_message_ >= options_.idle_timeout) {
    if (!std::exchange(peer_ended_, true)) {
      Close(kPolicy, "no message for too long");
      events_.OnEnd(false);
    }
    return;
  }
  if (options_.ping_interval <= Duration::zero()) return;
  if (ping_out_ && now - ping_sent_ >= options_.pong_timeout && now - last_receive_ >= options_.pong_timeout) {
    EndOfPeer(true);
    over_ = true;
    return exchange_.Reset();
  }
  if (!ping_out_ && now - last_receive_ >= options_.ping_interval) {
    ping_out_ = true;
    ping_sent_ = now;
    SendFrame(Opcode::kPing, {});
  }
}

}  // namespace sluice::websocket
