// WebSocket framing (RFC 6455, 5): a client's bytes into messages and control frames, and frames for it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::websocket {

enum class Opcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// Why a connection ends (7.4.1). 4000 and above are ours: 4000 + gRPC code.
enum CloseCode : uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kNoStatus = 1005,  // never on the wire: the close frame had no code
  kInvalidText = 1007,
  kPolicy = 1008,
  kTooBig = 1009,
  kStatusBase = 4000,
};

struct Item {
  Opcode kind = Opcode::kText;  // kText and kBinary: a whole message; the others: one frame
  std::string payload;
};

// Puts fragments together, unmasks, and refuses whatever the RFC forbids a client: unmasked frames, reserved bits and
// opcodes, lengths not in their shortest form, fragmented or long control frames, text that is not UTF-8.
class FrameReader {
 public:
  struct Fault {
    uint16_t code = 0;  // 0 = none
    std::string_view detail;
  };

  explicit FrameReader(size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  // Takes bytes from the front of `in`. True: `item` is complete. False: all of `in` is taken and more is needed, or
  // the input breaks a rule and fault() says which: the connection is then over.
  bool Next(std::string_view& in, Item& item);
  const Fault& fault() const { return fault_; }

  // What unfinished messages hold of memory.
  size_t buffered() const { return message_.capacity(); }
  // Frames since the last call that cost the peer little and carry nothing of a message: control frames, empty
  // fragments.
  size_t TakeIdleFrames();

 private:
  bool ReadHeader(std::string_view& in);
  void CheckHeader();
  void ReadPayload(std::string_view& in);
  bool EndFrame(Item& item);
  void Break(uint16_t code, std::string_view detail) { fault_ = {code, detail}; }
  bool IsControl() const { return static_cast<uint8_t>(opcode_) >= 8; }

  const size_t message_bytes_max_;
  unsigned char header_[14];
  size_t header_bytes_ = 0;  // of the present frame, so far
  bool in_payload_ = false;
  bool final_ = false;
  Opcode opcode_ = Opcode::kText;
  unsigned char mask_[4];
  size_t mask_at_ = 0;
  uint64_t left_ = 0;  // of the payload
  bool in_message_ = false;
  Opcode message_kind_ = Opcode::kText;
  std::string message_, control_;
  size_t idle_frames_ = 0;
  Fault fault_;
};

// The two to ten bytes before a server's frame of `payload_bytes`, unfragmented and unmasked.
std::string FrameHeader(Opcode opcode, size_t payload_bytes);

// A close frame's payload. `reason` is cut to what a control frame holds, between characters.
std::string ClosePayload(uint16_t code, std::string_view reason);
// The code of a client's close frame: kNoStatus for none, kProtocolError or kInvalidText for a payload that is not one.
uint16_t CodeOfClose(std::string_view payload);

}  // namespace sluice::websocket
