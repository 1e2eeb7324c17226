// Browser safety, checked on every request before a codec sees it: is this host name ours (DNS rebinding), and does a
// web page of a foreign origin send it?
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "transport/http/exchange.h"

namespace sluice::http {

struct GateRules {
  // The listener is bound to a loopback address: only names of this machine and `allowed_hosts` are accepted. Elsewhere
  // every host is, unless `allowed_hosts` is given.
  bool loopback = false;
  std::vector<std::string> allowed_hosts = {};    // lower case, no port; "*.example.com" and "*" work
  std::vector<std::string> allowed_origins = {};  // "https://console.example.com"; "*" = any
};

// Whether `origin` ("https://app.example") names the host that the request was sent to. The scheme is not compared: a
// proxy may have ended TLS before us.
bool IsSameOrigin(std::string_view origin, std::string_view authority);

// OK, HOST_NOT_ALLOWED or ORIGIN_NOT_ALLOWED. Requests without Origin (gRPC, curl) pass the second check.
absl::Status CheckGate(const RequestHead& head, const GateRules& rules);

}  // namespace sluice::http
