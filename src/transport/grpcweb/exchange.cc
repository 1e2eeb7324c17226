#include "transport/grpcweb/exchange.h"

#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "transport/rest/base64.h"

namespace sluice::grpcweb {
namespace {

constexpr std::string_view kText = "application/grpc-web-text";
constexpr char kTrailersFlag = static_cast<char>(0x80);

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

}  // namespace

GrpcWebExchange::GrpcWebExchange(const grpc::CodecContext& context, http::Exchange& exchange)
    : GrpcExchange(context, exchange),
      text_request_(exchange.head().headers.Get("content-type").starts_with(kText)),
      text_answer_(text_request_ || exchange.head().headers.Get("accept").starts_with(kText)) {}

absl::Status GrpcWebExchange::CheckType(std::string_view type, const Method& method) {
  type.remove_prefix(std::string_view("application/grpc-web").size());
  if (type.starts_with("-text")) type.remove_prefix(5);
  if (!type.empty() && type != "+proto") {
    return Error(Reason::UNSUPPORTED_ENCODING, "this kind of gRPC-Web is not served; use application/grpc-web+proto");
  }
  if (!method.client_streaming) return absl::OkStatus();
  return Error(Reason::UNIMPLEMENTED,
               "gRPC-Web cannot stream requests; use the method's WebSocket, an NDJSON upload, or gRPC");
}

std::string_view GrpcWebExchange::answer_type() const {
  return text_answer_ ? "application/grpc-web-text+proto" : "application/grpc-web+proto";
}

// --- request ---

void GrpcWebExchange::OnBody(std::string_view bytes) {
  if (!text_request_) return GrpcExchange::OnBody(bytes);
  std::string decoded;
  if (!base64_.Decode(bytes, decoded) && !call_->done()) {
    call_->Fail(Error(Reason::INVALID_BODY, "the body is not base64, as application/grpc-web-text says"));
  }
  exchange_.ConsumeBody(bytes.size() - decoded.size());
  if (!decoded.empty()) GrpcExchange::OnBody(decoded);
}

void GrpcWebExchange::OnBodyEnd() {
  if (base64_.mid_group() && !call_->done()) {
    return call_->Fail(Error(Reason::INVALID_BODY, "the body's base64 breaks off"));
  }
  GrpcExchange::OnBodyEnd();
}

// --- response ---

std::string GrpcWebExchange::Wrapped(std::string frame) const {
  if (!text_answer_) return frame;
  std::string text;
  rest::Base64Encode(frame, text);
  return text;
}

void GrpcWebExchange::SendFrame(std::string frame) { exchange_.SendBody(Wrapped(std::move(frame)), false); }

void GrpcWebExchange::SendTrailers(const Headers& trailers) {
  exchange_.SendBody(Wrapped(TrailersFrame(trailers)), true);
}

}  // namespace sluice::grpcweb
