#include "transport/grpcweb/exchange.h"

#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "json/base64.h"

namespace sluice::grpcweb {
namespace {

constexpr std::string_view kText = "application/grpc-web-text";
constexpr size_t kPieceBytes = 48 << 10;  // whole groups of base64
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
  if (call_->done()) return exchange_.ConsumeBody(bytes.size());
  std::string decoded;
  size_t groups = base64_.carried() + bytes.size();
  if (base64_.Decode(bytes, decoded)) {
    groups -= base64_.carried();
  } else {
    call_->Fail(Error(Reason::INVALID_BODY, "the body is not base64, as application/grpc-web-text says"));
  }
  // What whole groups have above their bytes; the rest is given back as the bytes are taken.
  exchange_.ConsumeBody(groups - decoded.size());
  if (!decoded.empty()) GrpcExchange::OnBody(decoded);
}

void GrpcWebExchange::OnBodyEnd() {
  if (base64_.mid_group() && !call_->done()) {
    return call_->Fail(Error(Reason::INVALID_BODY, "the body's base64 breaks off"));
  }
  GrpcExchange::OnBodyEnd();
}

// --- response ---

void GrpcWebExchange::SendFrame(std::string frame) {
  if (!text_answer_) return exchange_.SendBody(std::move(frame), false);
  SendText(std::move(frame));
}

void GrpcWebExchange::SendTrailers(const Headers& trailers) {
  last_ = true;
  if (!text_answer_) return exchange_.SendBody(TrailersFrame(trailers), true);
  SendText(TrailersFrame(trailers));
}

void GrpcWebExchange::SendText(std::string frame) {
  later_.empty() ? void(later_ = std::move(frame)) : void(later_ += frame);
  SendLater();
}

// Texts of whole groups, one after another; the last one may be padded.
void GrpcWebExchange::SendLater() {
  while (!later_.empty() && exchange_.UnsentBytes() < response_buffer_bytes()) {
    const std::string_view piece = std::string_view(later_).substr(later_at_, kPieceBytes);
    std::string text;
    json::Base64Encode(piece, text);
    later_at_ += piece.size();
    if (later_at_ == later_.size()) {
      later_at_ = 0;
      later_ = std::string();
    }
    exchange_.SendBody(std::move(text), last_ && later_.empty());
  }
}

void GrpcWebExchange::OnWritable() {
  SendLater();
  GrpcExchange::OnWritable();
}

}  // namespace sluice::grpcweb
