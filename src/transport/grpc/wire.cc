#include "transport/grpc/wire.h"

#include "base/error.h"
#include "base/strings.h"
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

}  // namespace

void PrintProto(const Message& message, std::string& out) { message.AppendToString(&out); }

const Wire kGrpcWire{.answer_type = "application/grpc",
                     .print = PrintProto,
                     .check = Check,
                     .send_status = SendStatus,
                     .trailers_only = true,
                     .pieces = true};

}  // namespace sluice::grpc
