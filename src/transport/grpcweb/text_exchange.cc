#include "transport/grpcweb/text_exchange.h"

#include <algorithm>
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
  const bool good = base64_.Decode(bytes, decoded);
  // The bytes are given back as they are taken, and all else at once: characters of a group that is not whole would look
  // as if we held the body up.
  if (decoded.size() > bytes.size()) given_before_ += decoded.size() - bytes.size();
  exchange_.ConsumeBody(bytes.size() - std::min(decoded.size(), bytes.size()));
  if (!decoded.empty()) inside_.OnBody(decoded);
  if (!good && !inside_.done()) {
    inside_.Fail(Error(Reason::INVALID_BODY, "the body is not base64, which application/grpc-web-text requires"));
  }
}

void TextExchange::ConsumeBody(size_t bytes) {
  const size_t before = std::min(bytes, given_before_);
  given_before_ -= before;
  exchange_.ConsumeBody(bytes - before);
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
