// REST: any path that a google.api.http rule names, JSON or raw bytes in, JSON out, errors as application/problem+json.
// Streams are NDJSON up, NDJSON or server-sent events down (stream_exchange.h).
#pragma once

#include "base/budget.h"
#include "base/chores.h"
#include "call/layer.h"
#include "call/method.h"
#include "transport/http/exchange.h"
#include "transport/rest/router.h"

namespace sluice::rest {

// Everything outlives the codec.
struct CodecContext {
  const MethodTable& methods;
  const Chain& chain;
  Chores& chores;  // large bodies are decoded there
  Budget& budget;  // a body stays charged until its call's last job is done with it
  size_t body_bytes_max = 32 << 20;
  size_t gzip_bytes_min = 1024;                     // smaller responses are not worth compressing
  size_t response_buffer_bytes = 1 << 20;           // as Limits: above, a stream of answers waits
  Duration stream_idle = std::chrono::minutes(10);  // a stream on which nothing moves either way is over; 0 = never
  Duration heartbeat = std::chrono::seconds(15);    // of server-sent events without results; 0 = none
};

// Takes every exchange: last in the list of codecs.
class RestCodec final : public http::Codec {
 public:
  // A wrong http rule ends the process: a programmer's mistake, found at start.
  explicit RestCodec(const CodecContext& context);
  bool Matches(const http::RequestHead&) const override { return true; }
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange& exchange, const absl::Status& status) const override;

  const Router& router() const { return router_; }

 private:
  // A method that the listener serves.
  absl::Status Find(const http::RequestHead& head, RouteMatch& route) const;

  const CodecContext context_;
  Router router_;
};

}  // namespace sluice::rest
