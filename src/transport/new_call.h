// The Call of an exchange: what every codec tells it about the request.
#pragma once

#include <memory>

#include "call/call.h"
#include "transport/http/exchange.h"

namespace sluice::transport {

// Before anything is decoded. The exchange, the chain and the port outlive the call's Begin(); `port` is told the end.
inline std::shared_ptr<Call> NewCall(http::Exchange& exchange, const Method& method, Protocol protocol,
                                     const Chain& chain, CallPort& port) {
  const http::RequestHead& head = exchange.head();
  return Call::Create({.method = &method,
                       .protocol = protocol,
                       .headers = &head.headers,
                       .client_ip = head.peer.client_ip,
                       .arrived = head.received},
                      exchange.loop(), chain, port);
}

}  // namespace sluice::transport
