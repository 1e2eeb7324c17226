#include "transport/grpc/codec.h"

#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "transport/exposed.h"
#include "transport/grpc/exchange.h"

namespace sluice::grpc {
bool GrpcCodec::Matches(const http::RequestHead& head) const {
  constexpr std::string_view kType = "application/grpc";
  if (head.version != http::Version::kHttp2 || head.method != "POST") return false;
  const std::string_view type = head.headers.Get("content-type");
  if (!type.starts_with(kType)) return false;
  return type.size() == kType.size() || type[kType.size()] == '+' || type[kType.size()] == ';';
}

std::unique_ptr<http::ExchangeHandler> GrpcCodec::Start(http::Exchange& exchange) const {
  auto handler = std::make_unique<GrpcExchange>(context_, exchange);
  const http::RequestHead& head = exchange.head();
  const Method* const method = context_.methods.Find(head.path);
  if (method != nullptr && transport::IsExposed(*method, head.peer.exposed)) {
    handler->Begin(*method, absl::OkStatus());
  } else {
    handler->Begin(UnknownMethod(), Error(Reason::METHOD_NOT_FOUND, StrCat("no rpc ", head.path.substr(0, 200),
                                                                           "; list them with gRPC reflection")));
  }
  return handler;
}

std::unique_ptr<http::ExchangeHandler> GrpcCodec::Refuse(http::Exchange& exchange, const absl::Status& status) const {
  auto handler = std::make_unique<GrpcExchange>(context_, exchange);
  const Method* const method = context_.methods.Find(exchange.head().path);
  handler->Begin(method == nullptr ? UnknownMethod() : *method, status);
  return handler;
}

}  // namespace sluice::grpc
