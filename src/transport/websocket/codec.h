// WebSocket for methods with a `websocket_path` (options.proto): text messages are JSON, binary ones protobuf.
#pragma once

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "transport/context.h"
#include "transport/http/exchange.h"

namespace sluice::websocket {

class WebSocketCodec final : public http::Codec {
 public:
  // A websocket_path on a method whose client does not stream ends the process: a programmer's mistake, found at start.
  explicit WebSocketCodec(const transport::Context& context);
  // Every request to a method's path, also one that asks for no upgrade: it is told what the path is.
  bool Matches(const http::RequestHead& head) const override { return Find(head) != nullptr; }
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;

 private:
  const Method* Find(const http::RequestHead& head) const;

  const transport::Context context_;
  absl::flat_hash_map<std::string, const Method*> by_path_;
};

}  // namespace sluice::websocket
