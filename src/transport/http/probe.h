// Requests that tell whether the server lives: no bound refuses them, however full or busy it is. Their answers are
// small.
#pragma once

#include "transport/http/exchange.h"

namespace sluice::http {

inline bool IsProbe(const RequestHead& head) {
  if (head.method == "POST") return head.path == "/grpc.health.v1.Health/Check";
  if (head.expects_body || (head.method != "GET" && head.method != "HEAD")) return false;
  return head.path == "/healthz" || head.path == "/readyz" || head.path == "/metrics" ||
         head.path.starts_with("/v2/health/");
}

}  // namespace sluice::http
