// gRPC's length-prefixed messages: one byte of flags, four of length, the message.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice::grpc {

inline constexpr size_t kFrameHeaderBytes = 5;

// Writes the five bytes.
void PutFrameHeader(char* at, size_t message_bytes, bool compressed);

// Cuts a byte stream into messages. A message that lies whole in one piece of input is never copied; another one is
// copied once, into a buffer that grows with what has come, not with what was announced.
class Deframer {
 public:
  explicit Deframer(size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  // Before the first Next: a lower bound, for this method.
  void Limit(size_t message_bytes_max) { message_bytes_max_ = std::min(message_bytes_max_, message_bytes_max); }
  size_t message_bytes_max() const { return message_bytes_max_; }

  struct Frame {
    bool compressed = false;
    std::string_view message;  // valid until the next call, and as long as the input
  };
  // Takes bytes from the front of `in`. True: `frame` is complete. False: all of `in` is taken and more is needed.
  // Errors: BODY_TOO_LARGE, PROTOCOL_ERROR; the stream is then over.
  absl::StatusOr<bool> Next(std::string_view& in, Frame& frame);

  // The message of the frame that Next() gave last, to keep: moved when it lies in the buffer.
  std::string Keep(const Frame& frame);

  // Part of a message has come.
  bool mid_message() const { return header_bytes_ > 0; }
  // What the buffer holds of memory.
  size_t buffered() const { return buffer_.capacity(); }

 private:
  absl::Status ReadHeader();

  size_t message_bytes_max_;
  unsigned char header_[kFrameHeaderBytes];
  size_t header_bytes_ = 0;  // of the present message, so far
  size_t message_bytes_ = 0;
  bool compressed_ = false;
  bool taken_ = false;  // buffer_ was given out by the last call
  std::string buffer_;
};

}  // namespace sluice::grpc
