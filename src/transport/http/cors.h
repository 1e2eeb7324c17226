// Cross-origin answers for web pages (the Fetch standard's CORS protocol): which origins may call is GateRules'
// allowed_origins; what their pages may send and read is said here. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/headers.h"
#include "transport/http/exchange.h"

namespace sluice::http {

struct CorsRules {
  std::vector<std::string> allowed_headers = {};  // that a page may send besides the safelisted; "*" = whatever it asks
  std::vector<std::string> exposed_headers = {};  // that a page may read besides the safelisted
  uint32_t max_age_s = 7200;                      // a browser remembers the answer to its preflight
  bool credentials = false;                       // cookies and client certificates may come along
};

// Adds what lets a page of a foreign origin read the answer. Only for requests that passed the gate: its Origin is then
// an allowed one. Nothing for requests without Origin, or of the server's own pages.
void AddCors(const RequestHead& head, const CorsRules& rules, Headers& answer);

// A browser asks whether its page may send a request.
bool IsPreflight(const RequestHead& head);
// The rest of the answer (204) to it, besides AddCors.
void AddPreflight(const RequestHead& head, const CorsRules& rules, Headers& answer);

}  // namespace sluice::http
