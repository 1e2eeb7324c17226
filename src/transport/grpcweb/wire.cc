#include "transport/grpcweb/wire.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "transport/grpc/framing.h"
#include "transport/grpc/status.h"

namespace sluice::grpcweb {
namespace {

constexpr char kTrailersFlag = static_cast<char>(0x80);

absl::Status Check(std::string_view type, const Method& method) {
  type.remove_prefix(std::string_view("application/grpc-web").size());
  if (type.starts_with("-text")) type.remove_prefix(5);
  if (!type.empty() && type != "+proto") {
    return Error(Reason::UNSUPPORTED_ENCODING,
                 "this kind of gRPC-Web is not supported; use application/grpc-web+proto");
  }
  if (!method.client_streaming) return absl::OkStatus();
  return Error(Reason::UNIMPLEMENTED,
               "gRPC-Web cannot stream requests; use the method's WebSocket, an NDJSON upload, or gRPC");
}

// "name: value" lines in a frame of their own.
std::string TrailersFrame(const Headers& trailers) {
  std::string frame(grpc::kFrameHeaderBytes, '\0');
  for (size_t i = 0; i < trailers.size(); ++i) {
    const auto [name, value] = trailers[i];
    if (value.find_first_of("\r\n") != std::string_view::npos) continue;  // would begin a trailer of its own
    frame.append(name).append(": ").append(value).append("\r\n");
  }
  grpc::PutFrameHeader(frame.data(), frame.size() - grpc::kFrameHeaderBytes, false);
  frame[0] = kTrailersFlag;
  return frame;
}

void SendStatus(http::Exchange& exchange, Call& call, const absl::Status& status) {
  grpc::AddStatus(status, IdsOf(call), call.response_trailers());
  exchange.SendBody(TrailersFrame(call.response_trailers()), true);
}

// Pages may not read a head's fields unless CORS exposes them, so never `trailers_only`; a body they can always read.
constexpr grpc::Wire WireOf(std::string_view answer_type) {
  return {.protocol = Protocol::kGrpcWeb,
          .answer_type = answer_type,
          .print = grpc::PrintProto,
          .check = Check,
          .send_status = SendStatus};
}

}  // namespace

const grpc::Wire kBinaryWire = WireOf("application/grpc-web+proto");
const grpc::Wire kTextWire = WireOf("application/grpc-web-text+proto");

}  // namespace sluice::grpcweb
