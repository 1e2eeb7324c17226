#include "transport/grpc/framing.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice::grpc {
namespace {

// A buffer is made this large at once on the client's word; when so much has come, it grows by this factor.
constexpr size_t kTrustedBytes = 64 << 10;
constexpr size_t kGrowth = 32;
// Messages below this are not looked through for a large value.
constexpr size_t kSplitBytesMin = 128 << 10;

// `expected`: what it will hold in the end, if the client says the truth.
void AppendPart(std::string& buffer, std::string_view part, size_t expected) {
  if (buffer.capacity() < kTrustedBytes) buffer.reserve(std::min(expected, kTrustedBytes));
  if (buffer.size() + part.size() > buffer.capacity()) {
    buffer.reserve(std::min(expected, std::max(kGrowth * buffer.capacity(), buffer.size() + part.size())));
  }
  buffer.append(part);
}

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
    large_ = {};
  }
  if (header_bytes_ < kFrameHeaderBytes) {
    const size_t take = std::min(kFrameHeaderBytes - header_bytes_, in.size());
    std::memcpy(header_ + header_bytes_, in.data(), take);
    header_bytes_ += take;
    in.remove_prefix(take);
    if (header_bytes_ < kFrameHeaderBytes) return false;
    RETURN_IF_ERROR(ReadHeader());
    got_bytes_ = large_end_ = 0;
  }
  if (got_bytes_ == 0 && in.size() >= message_bytes_) {
    frame = {compressed_, in.substr(0, message_bytes_), nullptr, kFrameHeaderBytes + message_bytes_};
    in.remove_prefix(message_bytes_);
    header_bytes_ = 0;
    return true;
  }
  if (got_bytes_ == 0) Split(in);
  Take(in);
  if (got_bytes_ < message_bytes_) return false;
  frame = {compressed_, buffer_, large_end_ > 0 ? &large_ : nullptr, kFrameHeaderBytes + message_bytes_};
  header_bytes_ = 0;
  taken_ = true;
  return true;
}

// At a message's first bytes: the value that comes apart, if its tag is among them.
void Deframer::Split(std::string_view& in) {
  if (type_ == nullptr || compressed_ || message_bytes_ < kSplitBytesMin) return;
  const auto place = FindLargeValue(*type_, in, message_bytes_);
  if (!place) return;
  buffer_.assign(in.substr(0, place->tag_end));
  buffer_.push_back('\0');  // its length in the rest
  large_.field = place->field;
  large_.index = place->index;
  large_end_ = place->end;
  got_bytes_ = place->begin;
  in.remove_prefix(place->begin);
}

void Deframer::Take(std::string_view& in) {
  while (!in.empty() && got_bytes_ < message_bytes_) {
    const bool large = got_bytes_ < large_end_;
    const size_t missing = (large ? large_end_ : message_bytes_) - got_bytes_;
    const std::string_view part = in.substr(0, missing);
    std::string& to = large ? large_.bytes : buffer_;
    AppendPart(to, part, to.size() + missing);
    got_bytes_ += part.size();
    in.remove_prefix(part.size());
  }
}

std::string Deframer::Keep(const Frame& frame) {
  if (!taken_) return std::string(frame.message);
  taken_ = false;
  return std::exchange(buffer_, std::string());
}

}  // namespace sluice::grpc
