#include "transport/http/h2_output.h"

#include <algorithm>

namespace sluice::http {
namespace {

// Most turns of most connections need no more than the first block.
constexpr size_t kFirstBlockBytes = 2 << 10;
constexpr size_t kBlockBytes = 16 << 10;
// By an idle connection.
constexpr size_t kSegmentsKept = 2;

}  // namespace

H2Output::~H2Output() {
  while (first_ < segments_.size()) PopSegment();
  if (block_ != nullptr) block_->Unref();
}

void H2Output::OpenBlock() {
  if (block_ != nullptr) block_->Unref();
  block_ = empty() ? H2Payload::Make(std::string(kFirstBlockBytes, '\0'), nullptr)
                   : H2Payload::Make(std::string(kBlockBytes, '\0'), &tab_);
  block_used_ = 0;
}

void H2Output::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (block_ == nullptr || block_used_ == block_->bytes().size()) OpenBlock();
    const size_t size = std::min(bytes.size(), block_->bytes().size() - block_used_);
    char* const at = block_->data() + block_used_;
    std::copy_n(bytes.data(), size, at);
    block_used_ += size;
    bytes_ += size;
    if (!segments_.empty() && segments_.back().data + segments_.back().size == at &&
        segments_.back().holder == block_) {
      segments_.back().size += size;
    } else {
      block_->Ref();
      segments_.push_back({at, size, block_});
    }
    bytes.remove_prefix(size);
  }
}

void H2Output::AppendPart(H2Payload& payload, std::string_view part) {
  if (part.empty()) return;
  payload.Ref();
  segments_.push_back({part.data(), part.size(), &payload});
  bytes_ += part.size();
}

// Each segment is moved once, on average.
void H2Output::PopSegment() {
  segments_[first_++].holder->Unref();
  if (first_ < segments_.size() / 2) return;
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<ptrdiff_t>(first_));
  first_ = 0;
}

size_t H2Output::Gather(std::span<iovec> out) const {
  const size_t count = std::min(out.size(), segments_.size() - first_);
  for (size_t i = 0; i < count; ++i) {
    const Segment& segment = segments_[first_ + i];
    out[i] = {const_cast<char*>(segment.data), segment.size};
  }
  return count;
}

void H2Output::Written(size_t bytes) {
  bytes_ -= bytes;
  while (bytes > 0) {
    Segment& front = segments_[first_];
    if (bytes < front.size) {
      front.data += bytes;
      front.size -= bytes;
      return;
    }
    bytes -= front.size;
    PopSegment();
  }
  if (bytes_ > 0 || block_ == nullptr) return;
  block_used_ = 0;
  block_->Unref();  // an idle connection keeps none
  block_ = nullptr;
  if (segments_.capacity() > kSegmentsKept) segments_ = {};
}

}  // namespace sluice::http
