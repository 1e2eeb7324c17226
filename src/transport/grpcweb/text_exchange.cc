#include "transport/grpcweb/text_exchange.h"

#include <utility>

#include "base/error.h"
#include "json/base64.h"

namespace sluice::grpcweb {
namespace {

constexpr size_t kPieceBytes = 48 << 10;  // whole groups of base64

}  // namespace

// --- request ---

void TextExchange::OnBody(std::string_view bytes) {
  if (!text_request_) return inside_.OnBody(bytes);
  if (inside_.done()) return exchange_.ConsumeBody(bytes.size());
  std::string decoded;
  size_t groups = base64_.carried() + bytes.size();
  const bool good = base64_.Decode(bytes, decoded);
  if (good) groups -= base64_.carried();
  // What whole groups have above their bytes; the rest is given back as the bytes are taken.
  exchange_.ConsumeBody(groups - decoded.size());
  if (!decoded.empty()) inside_.OnBody(decoded);
  if (!good && !inside_.done()) {
    inside_.Fail(Error(Reason::INVALID_BODY, "the body is not base64, which application/grpc-web-text requires"));
  }
}

void TextExchange::OnBodyEnd() {
  if (base64_.mid_group() && !inside_.done()) {
    return inside_.Fail(Error(Reason::INVALID_BODY, "the body's base64 is truncated"));
  }
  inside_.OnBodyEnd();
}

// --- response ---

void TextExchange::SendBody(std::string bytes, bool end) {
  last_ = end;
  later_.empty() ? void(later_ = std::move(bytes)) : void(later_ += bytes);
  SendLater();
}

// Texts of whole groups, one after another; the last one may be padded.
void TextExchange::SendLater() {
  while (!later_.empty() && exchange_.UnsentBytes() < response_buffer_bytes_) {
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

void TextExchange::OnWritable() {
  SendLater();
  inside_.OnWritable();
}

}  // namespace sluice::grpcweb
