#include "transport/backlog.h"

#include <utility>

namespace sluice::transport {
namespace {

// Taken bytes at the front that are not worth moving the rest.
constexpr size_t kSlack = 64 << 10;

}  // namespace

size_t Backlog::Feed(std::string_view bytes) {
  eating_ = true;
  const size_t taken = eat_(bytes);
  eating_ = false;
  return taken;
}

void Backlog::OnBody(std::string_view bytes) {
  const size_t taken = bytes_.empty() && !eating_ ? Feed(bytes) : 0;
  bytes_.append(bytes.substr(taken));
  exchange_.ConsumeBody(taken);
}

void Backlog::Resume() {
  if (eating_ || bytes_.empty()) return;
  const size_t taken = Feed(std::string_view(bytes_).substr(taken_));
  taken_ += taken;
  if (taken_ == bytes_.size() || taken_ > kSlack) bytes_.erase(0, std::exchange(taken_, 0));
  exchange_.ConsumeBody(taken);
}

}  // namespace sluice::transport
