// What every codec is made with.
#pragma once

#include <cstddef>

#include "base/budget.h"
#include "base/chores.h"
#include "base/clock.h"
#include "call/layer.h"
#include "call/method.h"

namespace sluice::transport {

struct Options {
  size_t message_bytes_max = 32 << 20;     // of a body or a stream's message, sent or inflated; a method may say less
  size_t response_buffer_bytes = 1 << 20;  // as http::Limits: above, CallPort::CanWrite is false
  size_t gzip_bytes_min = 1024;            // smaller bodies are not worth compressing
  size_t grpc_gzip_bytes_min = 0;          // the same for messages in frames; 0 = never
  Duration stream_idle = std::chrono::minutes(10);  // a stream on which nothing moves either way is over; 0 = never
  Duration heartbeat = std::chrono::seconds(15);    // of server-sent events without results; 0 = none
  // Of a WebSocket: a peer from which nothing came is asked, then counts as gone; without a message either way it ends.
  // 0 = never.
  Duration websocket_ping = std::chrono::seconds(30);
  Duration websocket_pong = std::chrono::seconds(20);
  Duration websocket_idle = std::chrono::minutes(10);
};

// Everything outlives the codecs.
struct Context {
  const MethodTable& methods;
  const Chain& chain;
  Chores& chores;  // what takes too long for a loop
  Budget& budget;  // what a request becomes stays charged until its call's last job is done with it
  Options options = {};
};

}  // namespace sluice::transport
