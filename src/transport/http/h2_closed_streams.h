// The last streams that closed, so that a peer that goes on using one of them can be told (RFC 9113, 5.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::http {

class H2ClosedStreams {
 public:
  // `by_peer`: the peer had sent END_STREAM or RST_STREAM. Otherwise its frames may have crossed our RST_STREAM and are
  // no fault.
  void Add(int32_t id, bool by_peer) { ids_[next_++ % ids_.size()] = by_peer ? id : 0; }
  bool EndedByPeer(int32_t id) const {
    for (const int32_t closed : ids_) {
      if (closed == id) return true;
    }
    return false;
  }

 private:
  std::array<int32_t, 16> ids_{};
  size_t next_ = 0;
};

}  // namespace sluice::http
