#include "transport/websocket/frame.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace sluice::websocket {
namespace {

constexpr size_t kControlBytesMax = 125;
constexpr size_t kReasonBytesMax = kControlBytesMax - 2;

// Unmasks in place, eight bytes at a time; `at` is the position in the mask.
void Unmask(char* bytes, size_t size, const unsigned char mask[4], size_t at) {
  unsigned char turned[8];
  for (size_t i = 0; i < 8; ++i) turned[i] = mask[(at + i) & 3];
  uint64_t wide;
  std::memcpy(&wide, turned, 8);
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    word ^= wide;
    std::memcpy(bytes + i, &word, 8);
  }
  for (; i < size; ++i) bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ turned[i & 7]);
}

bool IsCloseCode(uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

bool FrameReader::Next(std::string_view& in, Item& item) {
  while (fault_.code == 0) {
    if (!in_payload_ && !ReadHeader(in)) return false;
    ReadPayload(in);
    if (left_ > 0) return false;
    in_payload_ = false;
    if (EndFrame(item)) return fault_.code == 0;
  }
  return false;
}

// True when the header is complete and allowed.
bool FrameReader::ReadHeader(std::string_view& in) {
  for (;;) {
    size_t need = 2;
    if (header_bytes_ >= 2) {
      const size_t length = header_[1] & 0x7f;
      need += (length == 126 ? 2 : length == 127 ? 8 : 0) + ((header_[1] & 0x80) != 0 ? 4 : 0);
      if (header_bytes_ == need) break;
    }
    if (in.empty()) return false;
    const size_t take = std::min(need - header_bytes_, in.size());
    std::memcpy(header_ + header_bytes_, in.data(), take);
    header_bytes_ += take;
    in.remove_prefix(take);
  }
  CheckHeader();
  header_bytes_ = 0;
  in_payload_ = fault_.code == 0;
  return in_payload_;
}

void FrameReader::CheckHeader() {
  final_ = (header_[0] & 0x80) != 0;
  opcode_ = static_cast<Opcode>(header_[0] & 0x0f);
  const uint8_t number = header_[0] & 0x0f;
  if ((header_[0] & 0x70) != 0) return Break(kProtocolError, "a reserved bit is set; no extension was agreed on");
  if (number > 10 || (number > 2 && number < 8)) return Break(kProtocolError, "a frame has a reserved opcode");
  if ((header_[1] & 0x80) == 0) return Break(kProtocolError, "a client's frame is not masked");
  const size_t form = header_[1] & 0x7f;
  const size_t length_bytes = form == 126 ? 2 : form == 127 ? 8 : 0;
  left_ = length_bytes == 0 ? form : 0;
  for (size_t i = 0; i < length_bytes; ++i) left_ = left_ << 8 | header_[2 + i];
  if ((form == 126 && left_ < 126) || (form == 127 && (left_ < 65536 || left_ >> 63 != 0))) {
    return Break(kProtocolError, "a frame's length is not in its shortest form");
  }
  std::memcpy(mask_, header_ + 2 + length_bytes, 4);
  mask_at_ = 0;
  if (IsControl()) {
    ++idle_frames_;
    if (!final_ || left_ > kControlBytesMax) Break(kProtocolError, "a control frame is fragmented or too long");
    return;
  }
  if ((opcode_ == Opcode::kContinuation) != in_message_) {
    return Break(kProtocolError, in_message_ ? "a message begins inside another" : "a continuation without a message");
  }
  if (left_ == 0 && !final_) ++idle_frames_;
  if (left_ > message_bytes_max_ - message_.size())
    return Break(kTooBig, "the message is larger than the server accepts");
  if (opcode_ != Opcode::kContinuation) message_kind_ = opcode_;
  in_message_ = true;
}

void FrameReader::ReadPayload(std::string_view& in) {
  std::string& out = IsControl() ? control_ : message_;
  const size_t take = static_cast<size_t>(std::min<uint64_t>(left_, in.size()));
  const size_t old = out.size();
  out.append(in.data(), take);
  Unmask(out.data() + old, take, mask_, mask_at_);
  mask_at_ = (mask_at_ + take) & 3;
  left_ -= take;
  in.remove_prefix(take);
}

// True when the frame ends an item, or the connection.
bool FrameReader::EndFrame(Item& item) {
  if (IsControl()) {
    item = {opcode_, std::exchange(control_, {})};
    return true;
  }
  if (!final_) return false;
  in_message_ = false;
  item = {message_kind_, std::exchange(message_, {})};
  if (item.kind == Opcode::kText && !IsUtf8(item.payload)) Break(kInvalidText, "a text message is not UTF-8");
  return true;
}

size_t FrameReader::TakeIdleFrames() { return std::exchange(idle_frames_, 0); }

std::string FrameHeader(Opcode opcode, size_t payload_bytes) {
  std::string out(1, static_cast<char>(0x80 | static_cast<uint8_t>(opcode)));
  const size_t length_bytes = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
  out += static_cast<char>(length_bytes == 0 ? payload_bytes : length_bytes == 2 ? 126 : 127);
  for (size_t i = length_bytes; i-- > 0;) out += static_cast<char>(payload_bytes >> (8 * i));
  return out;
}

std::string ClosePayload(uint16_t code, std::string_view reason) {
  std::string out = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return out.append(CutUtf8(reason, kReasonBytesMax));
}

uint16_t CodeOfClose(std::string_view payload) {
  if (payload.empty()) return kNoStatus;
  if (payload.size() == 1) return kProtocolError;
  const auto code =
      static_cast<uint16_t>(static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]));
  if (!IsCloseCode(code)) return kProtocolError;
  return IsUtf8(payload.substr(2)) ? code : static_cast<uint16_t>(kInvalidText);
}

}  // namespace sluice::websocket
