#include "transport/http/options.h"

namespace sluice::http {
namespace {

class NoContentHandler final : public ExchangeHandler {
 public:
  NoContentHandler(Exchange& exchange, const Headers& headers) { exchange.SendHead(204, headers, true); }
  void OnBody(std::string_view) override {}
  void OnBodyEnd() override {}
  void OnClosed(CloseReason) override {}
};

}  // namespace

std::unique_ptr<ExchangeHandler> AnswerOptions(Exchange& exchange, const CorsRules& rules) {
  Headers headers;
  if (IsPreflight(exchange.head())) {
    AddPreflight(exchange.head(), rules, headers);
  } else if (exchange.head().path == "*") {
    headers.Add("allow", "GET, HEAD, POST, OPTIONS");
  } else {
    return nullptr;
  }
  return std::make_unique<NoContentHandler>(exchange, headers);
}

}  // namespace sluice::http
