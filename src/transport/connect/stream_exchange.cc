#include "transport/connect/stream_exchange.h"

#include <utility>

#include "json/writer.h"
#include "transport/connect/error.h"
#include "transport/rest/decode_request.h"

namespace sluice::connect {
namespace {

constexpr std::string_view kJson = "application/connect+json";
constexpr std::string_view kProto = "application/connect+proto";
constexpr char kEndFlag = 2;

std::string_view TypeOf(const http::RequestHead& head) {
  const std::string_view type = head.headers.Get("content-type");
  return type.substr(0, type.find_first_of("; "));
}

}  // namespace

bool IsStreamRequest(const http::RequestHead& head) {
  return head.method == "POST" && (TypeOf(head) == kJson || TypeOf(head) == kProto);
}

StreamExchange::StreamExchange(const grpc::CodecContext& context, http::Exchange& exchange)
    : GrpcExchange(context, exchange), json_(TypeOf(exchange.head()) == kJson) {}

grpc::GrpcExchange::Wire StreamExchange::wire() const {
  Wire wire{.protocol = Protocol::kConnect,
            .encoding = "connect-content-encoding",
            .accept_encoding = "connect-accept-encoding",
            .form = {}};
  if (json_) wire.form = {.protobuf = false, .parse = rest::ParseJson, .chore_bytes = rest::kChoreBytes};
  return wire;
}

std::string_view StreamExchange::answer_type() const { return json_ ? kJson : kProto; }

void StreamExchange::Print(const Message& message, std::string& out) const {
  if (json_) return json::MessageToJson(message, out);
  GrpcExchange::Print(message, out);
}

void StreamExchange::SendStatus(Call& call, const absl::Status& status) {
  std::string frame(grpc::kFrameHeaderBytes, '\0');
  frame += EndOfStreamJson(status, call.request_id, call.response_trailers());
  grpc::PutFrameHeader(frame.data(), frame.size() - grpc::kFrameHeaderBytes, false);
  frame[0] = kEndFlag;
  call.bytes_out += frame.size();
  exchange_.SendBody(std::move(frame), true);
}

}  // namespace sluice::connect
