// The bytes of one message becoming the message: what travels to a worker and back when that takes too long for a loop.
#pragma once

#include <memory>
#include <stop_token>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/budget.h"
#include "base/decode_memory.h"
#include "base/no_memory.h"
#include "call/call.h"

namespace sluice::transport {

// Owns the bytes, and all else that it touches.
using Decoder = absl::AnyInvocable<absl::StatusOr<MessagePtr>(const Method&, DecodeMemory&, const std::stop_token&)>;

struct Decoding {
  std::shared_ptr<Call> call;
  Budget& budget;
  std::shared_ptr<BudgetHold> hold;  // gets what the message takes, beside what it has
  size_t bytes_max;                  // of the message's wire form, as sent or inflated
  size_t wire_bytes;
  Decoder decoder;
  std::stop_token stop = {};
  absl::StatusOr<MessagePtr> message = NoMemoryFor("this request");  // until it is there

  void Run() {
    DecodeMemory memory(budget, *hold, bytes_max);
    message = decoder(call->method(), memory, stop);
    decoder = nullptr;  // with the bytes as they came
  }
};

}  // namespace sluice::transport
