#include "transport/http/chunk_decoder.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace sluice::http {
namespace {

constexpr int kDigitsMax = 15;  // no overflow of 64 bits
constexpr size_t kOverheadBytesMax = 8 << 10;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsToken(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsText(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f); }

}  // namespace

size_t ChunkDecoder::Decode(std::string_view in) {
  piece_ = {};
  size_t used = 0;
  while (used < in.size() && at_ != At::kDone && at_ != At::kError) {
    if (at_ == At::kData) {
      piece_ = in.substr(used, std::min<uint64_t>(left_, in.size() - used));
      left_ -= piece_.size();
      if (left_ == 0) at_ = At::kDataCr;
      return used + piece_.size();
    }
    at_ = Step(in[used++]);
  }
  return used;
}

ChunkDecoder::At ChunkDecoder::Step(char c) {
  switch (at_) {
    case At::kSize: return OnSize(c);
    case At::kExtension:
      if (c == '\r') return At::kSizeLf;
      return IsText(c) && ++overhead_ <= kOverheadBytesMax ? At::kExtension : At::kError;
    case At::kSizeLf:
      if (c != '\n') return At::kError;
      overhead_ = 0;
      digits_ = 0;
      return left_ > 0 ? At::kData : At::kTrailerStart;
    case At::kDataCr: return c == '\r' ? At::kDataLf : At::kError;
    case At::kDataLf: return c == '\n' ? At::kSize : At::kError;
    case At::kEndLf: return c == '\n' ? At::kDone : At::kError;
    default: return OnTrailer(c);
  }
}

ChunkDecoder::At ChunkDecoder::OnSize(char c) {
  if (const int value = HexValue(c); value >= 0) {
    left_ = left_ * 16 + static_cast<uint64_t>(value);
    return ++digits_ <= kDigitsMax ? At::kSize : At::kError;
  }
  if (digits_ == 0) return At::kError;
  if (c == ';') return At::kExtension;
  return c == '\r' ? At::kSizeLf : At::kError;
}

ChunkDecoder::At ChunkDecoder::OnTrailer(char c) {
  if (++overhead_ > kOverheadBytesMax) return At::kError;
  switch (at_) {
    case At::kTrailerStart:
      if (c == '\r') return At::kEndLf;
      return IsToken(c) ? At::kTrailerName : At::kError;
    case At::kTrailerName:
      if (c == ':') return At::kTrailerValue;
      return IsToken(c) ? At::kTrailerName : At::kError;
    case At::kTrailerValue:
      if (c == '\r') return At::kTrailerLf;
      return IsText(c) ? At::kTrailerValue : At::kError;
    default: return c == '\n' ? At::kTrailerStart : At::kError;  // kTrailerLf
  }
}

}  // namespace sluice::http
