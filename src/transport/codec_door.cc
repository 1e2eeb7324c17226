#include "transport/codec_door.h"

namespace sluice::transport {

std::unique_ptr<http::ExchangeHandler> CodecDoor::Start(http::Exchange& exchange) {
  for (const auto& codec : codecs_) {
    if (codec->Matches(exchange.head())) return codec->Start(exchange);
  }
  return codecs_.back()->Start(exchange);
}

std::unique_ptr<http::ExchangeHandler> CodecDoor::Refuse(http::Exchange& exchange, const absl::Status& status) {
  for (const auto& codec : codecs_) {
    if (!codec->Matches(exchange.head())) continue;
    if (auto handler = codec->Refuse(exchange, status)) return handler;
  }
  return codecs_.back()->Refuse(exchange, status);
}

}  // namespace sluice::transport
