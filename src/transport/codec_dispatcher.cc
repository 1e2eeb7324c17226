#include "transport/codec_dispatcher.h"

namespace sluice::transport {

std::unique_ptr<http::ExchangeHandler> CodecDispatcher::Start(http::Exchange& exchange) {
  for (const auto& codec : codecs_) {
    if (codec->Matches(exchange.head())) return codec->Start(exchange);
  }
  return codecs_.back()->Start(exchange);
}

std::unique_ptr<http::ExchangeHandler> CodecDispatcher::Refuse(http::Exchange& exchange, const absl::Status& status) {
  for (const auto& codec : codecs_) {
    if (!codec->Matches(exchange.head())) continue;
    if (auto handler = codec->Refuse(exchange, status)) return handler;
  }
  return codecs_.back()->Refuse(exchange, status);
}

}  // namespace sluice::transport
