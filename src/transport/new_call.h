// The Call of an exchange: what every codec tells it about the request, and about an exchange that is over.
#pragma once

#include <memory>

#include "base/no_memory.h"
#include "call/call.h"
#include "transport/context.h"
#include "transport/http/exchange.h"

namespace sluice::transport {

// Before anything is decoded. The exchange, the context and the port outlive the call's Begin(); `port` is told the
// end.
inline std::shared_ptr<Call> NewCall(http::Exchange& exchange, const Method& method, Protocol protocol,
                                     const Context& context, CallPort& port) {
  const http::RequestHead& head = exchange.head();
  return Call::Create({.method = &method,
                       .protocol = protocol,
                       .headers = &head.headers,
                       .client_ip = head.peer.client_ip,
                       .arrived = head.received,
                       .budget = &context.budget},
                      exchange.loop(), context.chain, port);
}

// The exchange is over, and nothing can be answered any more.
inline void EndCall(Call& call, http::CloseReason reason) {
  reason == http::CloseReason::kNoMemory ? call.Detach(BudgetUsedUp()) : call.Detach();
}

}  // namespace sluice::transport
