#include "transport/grpc/framing.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice::grpc {
namespace {

// The buffer is made this large at once on the client's word; above, it grows fourfold as bytes come.
constexpr size_t kTrustedBytes = 64 << 10;

}  // namespace

void PutFrameHeader(char* at, size_t message_bytes, bool compressed) {
  at[0] = compressed ? 1 : 0;
  for (int i = 0; i < 4; ++i) at[1 + i] = static_cast<char>(message_bytes >> (24 - 8 * i));
}

absl::Status Deframer::ReadHeader() {
  if (header_[0] > 1) {
    return Error(Reason::PROTOCOL_ERROR, StrCat("a message's flag byte is ", static_cast<int>(header_[0]),
                                                ", not 0 or 1: this is not gRPC framing"));
  }
  compressed_ = header_[0] == 1;
  message_bytes_ = size_t{header_[1]} << 24 | size_t{header_[2]} << 16 | size_t{header_[3]} << 8 | header_[4];
  if (message_bytes_ <= message_bytes_max_) return absl::OkStatus();
  return Error(Reason::BODY_TOO_LARGE, StrCat("a message of ", message_bytes_, " bytes exceeds the server's ",
                                              message_bytes_max_, "; send less per message"));
}

absl::StatusOr<bool> Deframer::Next(std::string_view& in, Frame& frame) {
  if (taken_) {
    taken_ = false;
    buffer_ = std::string();
  }
  if (header_bytes_ < kFrameHeaderBytes) {
    const size_t take = std::min(kFrameHeaderBytes - header_bytes_, in.size());
    std::memcpy(header_ + header_bytes_, in.data(), take);
    header_bytes_ += take;
    in.remove_prefix(take);
    if (header_bytes_ < kFrameHeaderBytes) return false;
    RETURN_IF_ERROR(ReadHeader());
  }
  const size_t missing = message_bytes_ - buffer_.size();
  if (buffer_.empty() && in.size() >= missing) {
    frame = {compressed_, in.substr(0, missing)};
    in.remove_prefix(missing);
    header_bytes_ = 0;
    return true;
  }
  if (buffer_.empty()) buffer_.reserve(std::min(message_bytes_, kTrustedBytes));
  const size_t take = std::min(missing, in.size());
  if (buffer_.size() + take > buffer_.capacity()) {
    buffer_.reserve(std::min(message_bytes_, std::max(4 * buffer_.capacity(), buffer_.size() + take)));
  }
  buffer_.append(in.data(), take);
  in.remove_prefix(take);
  if (take < missing) return false;
  frame = {compressed_, buffer_};
  header_bytes_ = 0;
  taken_ = true;
  return true;
}

std::string Deframer::Keep(const Frame& frame) {
  if (!taken_) return std::string(frame.message);
  taken_ = false;
  return std::exchange(buffer_, std::string());
}

}  // namespace sluice::grpc
