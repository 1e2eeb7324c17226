// OPTIONS requests that are about the server, not about an API: a browser's preflight, and "OPTIONS *".
#pragma once

#include <memory>

#include "transport/http/cors.h"
#include "transport/http/exchange.h"

namespace sluice::http {

// Answers one that passed the gate. Null: it is for a codec, like all other methods.
std::unique_ptr<ExchangeHandler> AnswerOptions(Exchange& exchange, const CorsRules& rules);

}  // namespace sluice::http
