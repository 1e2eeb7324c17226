// REST: any path that a google.api.http rule names, JSON or raw bytes in, JSON out, errors as application/problem+json.
// Streams are NDJSON up, NDJSON or server-sent events down (stream_exchange.h).
#pragma once

#include "transport/context.h"
#include "transport/http/exchange.h"
#include "transport/rest/router.h"

namespace sluice::rest {

// Takes every exchange: last in the list of codecs.
class RestCodec final : public http::Codec {
 public:
  // A wrong http rule ends the process: a programmer's mistake, found at start.
  explicit RestCodec(const transport::Context& context);
  bool Matches(const http::RequestHead&) const override { return true; }
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange& exchange, const absl::Status& status) const override;

  const Router& router() const { return router_; }

 private:
  // A method that the listener serves.
  absl::Status Find(const http::RequestHead& head, RouteMatch& route) const;

  const transport::Context context_;
  Router router_;
};

}  // namespace sluice::rest
