// gRPC's length-prefixed messages: one byte of flags, four of length, the message.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "transport/grpc/large_value.h"

namespace sluice::grpc {

inline constexpr size_t kFrameHeaderBytes = 5;

// Writes the five bytes.
void PutFrameHeader(char* at, size_t message_bytes, bool compressed);

// Cuts a byte stream into messages. A message that is whole in one piece of input is never copied; another one is
// copied once, into a buffer that grows with what has come, not with what was announced; a large value of it (SplitBy)
// into a string of its own.
class Deframer {
 public:
  explicit Deframer(size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  // Before the first Next: a lower bound, for this method.
  void Limit(size_t message_bytes_max) { message_bytes_max_ = std::min(message_bytes_max_, message_bytes_max); }
  size_t message_bytes_max() const { return message_bytes_max_; }
  // Before the first Next: messages are of this type, and the first large value of each may come apart from it.
  void SplitBy(const google::protobuf::Descriptor& type) { type_ = &type; }

  struct Frame {
    bool compressed = false;
    std::string_view message;     // without `large`; valid until the next call, and as long as the input
    LargeValue* large = nullptr;  // to be moved from; valid until the next call
    size_t wire_bytes = 0;        // with the frame's header
  };
  // Takes bytes from the front of `in`. True: `frame` is complete. False: all of `in` is taken and more is needed.
  // Errors: BODY_TOO_LARGE, PROTOCOL_ERROR; the stream is then over.
  absl::StatusOr<bool> Next(std::string_view& in, Frame& frame);

  // The message of the frame that Next() gave last, to keep: moved when it is in the buffer.
  std::string Keep(const Frame& frame);

  // Part of a message has come.
  bool mid_message() const { return header_bytes_ > 0; }
  // What the buffers hold of memory.
  size_t buffered() const { return buffer_.capacity() + large_.bytes.capacity(); }

 private:
  absl::Status ReadHeader();
  void Split(std::string_view& in);
  void Take(std::string_view& in);

  size_t message_bytes_max_;
  unsigned char header_[kFrameHeaderBytes];
  size_t header_bytes_ = 0;  // of the present message, so far
  size_t message_bytes_ = 0;
  size_t got_bytes_ = 0;  // of the message
  bool compressed_ = false;
  bool taken_ = false;  // buffer_ was given out by the last call
  std::string buffer_;
  const google::protobuf::Descriptor* type_ = nullptr;
  LargeValue large_;
  size_t large_end_ = 0;  // in the message; 0: it has none
};

}  // namespace sluice::grpc
