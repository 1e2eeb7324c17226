// Bounds of the HTTP core. Values come from the configuration (proto/ai/inference/config/server.proto, message Http),
// which documents each; the numbers here are the same defaults, for tests.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace sluice::http {

using std::chrono::seconds;

// While memory is short (Budget::Short), whoever holds more than Budget::kSmallBytes of it must move as many bytes in
// this time; a peer that does not is cut. Else every byte is progress, and the limits below hold.
inline constexpr Duration kPatienceShort = seconds(3);

struct Limits {
  size_t connections_max = 10'000;
  size_t streams_max = 1'000;          // concurrent exchanges of one HTTP/2 connection
  size_t header_bytes_max = 64 << 10;  // names and values of one request
  size_t headers_max = 128;
  size_t body_bytes_max = 32 << 20;             // one message or REST body
  size_t inflight_bytes_max = size_t{1} << 30;  // all bodies held, all connections
  size_t response_buffer_bytes = 1 << 20;       // unsent response bytes of one exchange before a stream waits
  uint32_t h2_stream_window = 1 << 20;
  uint32_t h2_connection_window = 16 << 20;
  uint32_t h2_frame_bytes_max = 64 << 10;
  Duration head_timeout = seconds(10);        // from the first byte of a request to its complete head
  Duration body_idle_timeout = seconds(30);   // between body bytes that we are ready to take
  Duration write_idle_timeout = seconds(30);  // peer reads nothing although output is pending
  Duration keep_alive = seconds(75);          // idle connection without exchanges
  Duration ping_interval = seconds(60);       // HTTP/2 keep-alive ping on a silent connection; 0 = none
  Duration ping_timeout = seconds(20);
  Duration connection_age_max = Duration::zero();  // 0 = unlimited; jittered by ±10 %
  Duration connection_age_grace = seconds(30);
  uint32_t resets_per_second_max = 200;  // RST_STREAMs by the peer, token bucket; above: GOAWAY ENHANCE_YOUR_CALM
  uint32_t control_frames_per_second_max = 200;  // PING + SETTINGS + PRIORITY + empty DATA, token bucket
};

}  // namespace sluice::http
