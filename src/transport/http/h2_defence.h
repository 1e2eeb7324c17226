// What a peer may do cheaply to itself and dearly to us is rationed here: resets (rapid reset), and control frames that
// carry no request (ping, settings, priority, empty DATA, unknown types). Pure: bytes and clocks stay outside.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"
#include "transport/http/token_bucket.h"

namespace sluice::http {

class H2Defence {
 public:
  // Every stream may be cancelled at once (a client that shuts down, a common deadline), so the burst covers them.
  H2Defence(uint32_t resets_per_second, uint32_t control_per_second, size_t streams_max, TimePoint now)
      : resets_(resets_per_second, std::max<double>(5.0 * resets_per_second, static_cast<double>(streams_max)), now),
        control_(control_per_second, 2.0 * control_per_second, now) {}

  // All return false when the connection has to go (ENHANCE_YOUR_CALM).

  // The peer reset a stream, or made us reset one by breaking the protocol on it.
  bool OnReset(TimePoint now) { return resets_.Take(now); }
  bool OnControl(TimePoint now) { return control_.Take(now); }
  // gRPC clients measure the bandwidth with a ping after data they received, as often as once per round trip: one ping
  // after an answer is free.
  bool OnPing(TimePoint now) {
    if (answered_) {
      answered_ = false;
      return true;
    }
    return control_.Take(now);
  }
  // HEADERS or DATA left.
  void OnAnswer() { answered_ = true; }

 private:
  TokenBucket resets_, control_;
  bool answered_ = false;
};

}  // namespace sluice::http
