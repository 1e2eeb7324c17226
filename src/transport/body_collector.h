// The body of a request that is one message: collected within bounds, charged to the budget, then decoded, on a worker
// when that takes long, and given to the call.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/budget.h"
#include "base/lifeline.h"
#include "call/call.h"
#include "transport/context.h"
#include "transport/decoding.h"
#include "transport/http/exchange.h"

namespace sluice::transport {

// How a whole body becomes the message.
struct BodyDecoding {
  size_t wire_bytes = 0;
  bool chore = false;  // it takes too long for a loop
  Decoder decoder;
};

// A member of an exchange.
class BodyCollector {
 public:
  // The references outlive the collector.
  BodyCollector(const Context& context, http::Exchange& exchange) : context_(context), exchange_(exchange) {}

  // Checks the announced length. The bytes stay charged to the budget until the call's last job is done with them.
  absl::Status Begin(const std::shared_ptr<Call>& call);
  // What comes behind this many bytes goes to tail() at once, so that it is not moved again. Before the first byte.
  void SplitAt(size_t bytes) { split_ = bytes; }
  void OnBody(std::string_view bytes);
  // http::ExchangeHandler's.
  std::span<char> PlaceFor(size_t bytes);
  void OnBodyPlaced(size_t bytes);

  std::string& head() { return head_; }
  std::string& tail() { return tail_; }
  size_t size() const { return head_.size() + tail_.size(); }
  // The body is complete: gives the call the message, or fails it; now or later.
  void Decode(BodyDecoding decoding);
  // The answer goes out: the call alone holds the bytes, for as long as its jobs need them.
  void Release() { hold_.reset(); }

 private:
  static void Finish(Decoding decoding);

  const Context& context_;
  http::Exchange& exchange_;
  std::shared_ptr<Call> call_;
  std::shared_ptr<BudgetHold> hold_;
  Lifeline lifeline_;
  size_t bytes_max_ = 0;  // of the body, sent or inflated
  size_t announced_ = 0;
  size_t split_ = SIZE_MAX;
  std::string head_, tail_;
  std::string* placed_ = nullptr;  // has room for what the socket puts there, from placed_at_ on
  size_t placed_at_ = 0;
};

}  // namespace sluice::transport
