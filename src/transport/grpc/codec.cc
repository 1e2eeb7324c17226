#include "transport/grpc/codec.h"

#include "base/error.h"
#include "base/strings.h"
#include "transport/grpc/exchange.h"
#include "transport/grpc/status.h"

namespace sluice::grpc {
namespace {

absl::Status Check(std::string_view type, const Method&) {
  if (type == "application/grpc" || type == "application/grpc+proto") return absl::OkStatus();
  return Error(Reason::UNSUPPORTED_ENCODING, StrCat(type, " is not supported; use application/grpc+proto"));
}

void SendStatus(http::Exchange& exchange, Call& call, const absl::Status& status) {
  AddStatus(status, IdsOf(call), call.response_trailers());
  exchange.SendTrailers(call.response_trailers());
}

const Wire kGrpcWire{.answer_type = "application/grpc",
                     .print = PrintProto,
                     .check = Check,
                     .send_status = SendStatus,
                     .trailers_only = true,
                     .pieces = true};

}  // namespace

bool GrpcCodec::Matches(const http::RequestHead& head) const {
  constexpr std::string_view kType = "application/grpc";
  if (head.version != http::Version::kHttp2 || head.method != "POST") return false;
  const std::string_view type = head.headers.Get("content-type");
  if (!type.starts_with(kType)) return false;
  return type.size() == kType.size() || type[kType.size()] == '+' || type[kType.size()] == ';';
}

std::unique_ptr<http::ExchangeHandler> GrpcCodec::Start(http::Exchange& exchange) const {
  auto handler = std::make_unique<GrpcExchange>(context_, kGrpcWire, exchange);
  handler->Start();
  return handler;
}

std::unique_ptr<http::ExchangeHandler> GrpcCodec::Refuse(http::Exchange& exchange, const absl::Status& status) const {
  auto handler = std::make_unique<GrpcExchange>(context_, kGrpcWire, exchange);
  handler->Refuse(status);
  return handler;
}

}  // namespace sluice::grpc
