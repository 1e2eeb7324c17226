// What became of one call, as its sender sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace sluice::cli::bench {

struct Answer {
  int status = 0;        // of HTTP; 0: no answer came
  int grpc_status = -1;  // -1: none came, or the call is not gRPC
  std::optional<Duration> retry_after;
  bool never_retry = false;  // the server asks for no retry
};

enum class Outcome : uint8_t {
  kOk,       // an answer within the deadline
  kLate,     // an answer after it, DEADLINE_EXCEEDED, or none at all by then
  kRefused,  // 429, 503; RESOURCE_EXHAUSTED, UNAVAILABLE
  kFailed,   // any other error, or a lost connection
};

// `took` counts from when the call should have begun; a `deadline` of zero is none.
Outcome Judge(const Answer& answer, bool grpc, Duration took, Duration deadline);

// Of REST: a problem's retry_after_ms, which is finer, before the header's seconds.
std::optional<Duration> RetryAfter(std::string_view header, std::string_view problem);
// Of gRPC: grpc-retry-pushback-ms; anything but a number means never.
void ReadPushback(std::string_view value, Answer& answer);

}  // namespace sluice::cli::bench
