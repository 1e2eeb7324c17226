// The body of a request that is one message: collected within bounds, then decoded, large ones on a worker, and delivered.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/budget.h"
#include "call/call.h"
#include "transport/http/exchange.h"
#include "transport/rest/codec.h"
#include "transport/rest/decode_request.h"
#include "transport/rest/router.h"

namespace sluice::rest {

class RequestCollector {
 public:
  // The references outlive the collector.
  RequestCollector(const CodecContext& context, http::Exchange& exchange)
      : context_(context), bytes_max_(context.body_bytes_max), exchange_(exchange) {}

  // Checks the announced length. The bytes stay charged to the budget until the call's last job is done with them.
  absl::Status Begin(const std::shared_ptr<Call>& call);
  void OnBody(std::string_view bytes);
  // Delivers the message, or fails the call: now, or when a worker has decoded it.
  void OnBodyEnd(const Method& method, RouteMatch route);

  // The answer goes out: the call alone holds the bytes, for as long as its jobs need them.
  void Release() { hold_.reset(); }

  // The same for other protocols: what came, and their own way to decode it. `chore`: it takes too long for a loop.
  RequestBody Take();
  using Decode = std::function<absl::StatusOr<MessagePtr>(const Method&, RequestBody, DecodeMemory&)>;
  void Deliver(RequestBody body, Decode decode, bool chore);

 private:
  const CodecContext& context_;
  size_t bytes_max_;  // of the body, sent or inflated
  http::Exchange& exchange_;
  std::shared_ptr<Call> call_;
  std::shared_ptr<BudgetHold> hold_;
  std::string body_;
};

}  // namespace sluice::rest
