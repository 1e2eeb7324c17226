// How the answer to one message of a stream is made: each stream of its own kind specialises it.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "call/call.h"
#include "call/outcome.h"

namespace sluice {

// Made for each message. This one is for a `Response` that has the fields sequence, latency and error
// (google.rpc.Status).
template <typename Request, typename Response>
class StreamAnswer {
 public:
  explicit StreamAnswer(const Request& /*request*/) {}
  // When the message is given up: `longest`, or earlier.
  static TimePoint DeadlineOf(const Request& /*request*/, TimePoint /*now*/, TimePoint longest) { return longest; }
  // The answer to a message that failed.
  Response Failed(const Call& call, const absl::Status& status) const {
    Response answer;
    *answer.mutable_error() = ToRpcStatus(status, IdsOf(call));
    return answer;
  }
  // What every answer says, whatever became of the message.
  void Complete(Response& answer, uint32_t sequence, double latency_ms) const {
    answer.set_sequence(sequence);
    answer.set_latency(static_cast<float>(latency_ms));
  }
};

}  // namespace sluice
