// Leaving HTTP/1.1 for another protocol on the same connection (RFC 9110, 7.8). Only WebSocket (RFC 6455) is known.
#pragma once

#include <string>
#include <string_view>

#include "transport/http/exchange.h"

namespace sluice::http {

// "websocket" when the head asks for it; "" when it asks for nothing that is served (the request is then answered as
// usual).
std::string UpgradeOf(const RequestHead& head, bool http10);

// Sec-WebSocket-Accept for a client's Sec-WebSocket-Key.
std::string WebSocketAccept(std::string_view key);

}  // namespace sluice::http
