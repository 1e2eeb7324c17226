// Walks over frame headers beside nghttp2, for what it drops without telling: DATA on closed streams. A few nanoseconds
// a frame; keeping nghttp2's memory of closed streams instead costs 200 bytes for each stream that may be open.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::http {

class H2FrameScan {
 public:
  struct Frame {
    uint8_t type, flags;
    int32_t stream;
  };
  // Calls on_frame(frame) for each frame whose header is complete with these bytes, in order; it returns what the frame
  // costs. Stops behind the frame that makes it `cost_max`; returns how many bytes were walked over. The connection's
  // first bytes are the client preface.
  template <typename OnFrame>
  size_t Feed(const std::string_view all, int cost_max, OnFrame&& on_frame) {
    std::string_view bytes = all;
    while (true) {
      const size_t skip = std::min(skip_, bytes.size());
      skip_ -= skip;
      bytes.remove_prefix(skip);
      if (bytes.empty()) return all.size();
      if (head_bytes_ == 0 && cost_max <= 0) return all.size() - bytes.size();
      const size_t take = std::min(sizeof(head_) - head_bytes_, bytes.size());
      std::memcpy(head_ + head_bytes_, bytes.data(), take);
      head_bytes_ += take;
      bytes.remove_prefix(take);
      if (head_bytes_ < sizeof(head_)) return all.size();
      head_bytes_ = 0;
      skip_ = size_t{head_[0]} << 16 | size_t{head_[1]} << 8 | head_[2];
      cost_max -= on_frame(Frame{head_[3], head_[4],
                                 static_cast<int32_t>((head_[5] & 0x7fu) << 24 | static_cast<uint32_t>(head_[6]) << 16 |
                                                      static_cast<uint32_t>(head_[7]) << 8 | head_[8])});
    }
  }

 private:
  size_t skip_ = 24;
  unsigned char head_[9];
  size_t head_bytes_ = 0;
};

}  // namespace sluice::http
