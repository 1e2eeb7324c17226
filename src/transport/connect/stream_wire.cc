#include "transport/connect/stream_wire.h"

#include <string>
#include <utility>

#include "json/writer.h"
#include "transport/connect/error.h"
#include "transport/grpc/framing.h"
#include "transport/rest/decode_request.h"

namespace sluice::connect {
namespace {

constexpr char kEndFlag = 2;

void PrintJson(const Message& message, std::string& out) { json::MessageToJson(message, out); }

// StreamWireFor has looked.
absl::Status CheckNothing(std::string_view, const Method&) { return absl::OkStatus(); }

void SendStatus(http::Exchange& exchange, Call& call, const absl::Status& status) {
  std::string frame(grpc::kFrameHeaderBytes, '\0');
  frame += EndOfStreamJson(status, IdsOf(call), call.response_trailers());
  grpc::PutFrameHeader(frame.data(), frame.size() - grpc::kFrameHeaderBytes, false);
  frame[0] = kEndFlag;
  call.bytes_out += frame.size();
  exchange.SendBody(std::move(frame), true);
}

constexpr grpc::Wire WireOf(std::string_view answer_type, grpc::MessageForm form,
                            void (*print)(const Message&, std::string&)) {
  return {.protocol = Protocol::kConnect,
          .answer_type = answer_type,
          .encoding = "connect-content-encoding",
          .accept_encoding = "connect-accept-encoding",
          .form = form,
          .print = print,
          .check = CheckNothing,
          .send_status = SendStatus};
}

constexpr grpc::Wire kJson =
    WireOf("application/connect+json", {.protobuf = false, .parse = rest::ParseJson, .chore_bytes = rest::kChoreBytes},
           PrintJson);
constexpr grpc::Wire kProto = WireOf("application/connect+proto", {}, grpc::PrintProto);

}  // namespace

const grpc::Wire* StreamWireFor(const http::RequestHead& head) {
  if (head.method != "POST") return nullptr;
  std::string_view type = head.headers.Get("content-type");
  type = type.substr(0, type.find_first_of("; "));
  return type == kJson.answer_type ? &kJson : type == kProto.answer_type ? &kProto : nullptr;
}

}  // namespace sluice::connect
