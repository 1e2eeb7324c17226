#include "transport/body_collector.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "base/uninitialized.h"

namespace sluice::transport {
namespace {

// Reserving what a client merely announces would let it take memory for free. When so much has come there is room for
// the whole, which is taken page by page as it comes: growing later would move megabytes in one turn of the loop.
constexpr size_t kTrustedBytes = 1 << 20;

void MakeRoom(size_t bytes, size_t announced, std::string& to) {
  const size_t need = to.size() + bytes;
  if (need <= to.capacity()) return;
  const size_t trusted = need > kTrustedBytes ? announced : std::max(need, kTrustedBytes);
  to.reserve(announced >= need ? std::min(announced, trusted) : std::max(need, 2 * to.capacity()));
}

void Append(std::string_view bytes, size_t announced, std::string& to) {
  MakeRoom(bytes.size(), announced, to);
  to.append(bytes);
}

}  // namespace

absl::Status BodyCollector::Begin(const std::shared_ptr<Call>& call) {
  call_ = call;
  bytes_max_ = std::min(context_.options.message_bytes_max, call->method().request_bytes_max);
  hold_ = std::make_shared<BudgetHold>(context_.budget, 0);
  call_->Hold(hold_);
  const std::string_view length = exchange_.head().headers.Get("content-length");
  if (std::from_chars(length.data(), length.data() + length.size(), announced_).ec != std::errc()) announced_ = 0;
  if (announced_ <= bytes_max_) return absl::OkStatus();
  return Error(Reason::BODY_TOO_LARGE, StrCat("the body of ", announced_, " bytes exceeds the ", bytes_max_,
                                              " of this method; send less per call"));
}

void BodyCollector::OnBody(std::string_view bytes) {
  exchange_.ConsumeBody(bytes.size());
  if (call_->done()) return;
  if (size() + bytes.size() > bytes_max_) {
    return call_->Fail(
        Error(Reason::BODY_TOO_LARGE, StrCat("the body exceeds ", bytes_max_, " bytes; send less per call")));
  }
  hold_->Add(bytes.size());
  const size_t head = std::min(bytes.size(), split_ - head_.size());
  if (head > 0) Append(bytes.substr(0, head), std::min(announced_, split_), head_);
  if (head < bytes.size()) Append(bytes.substr(head), announced_ - std::min(announced_, split_), tail_);
}

std::span<char> BodyCollector::PlaceFor(size_t bytes) {
  if (call_->done() || size() + bytes > bytes_max_) return {};
  const bool whole = split_ == SIZE_MAX;
  if (!whole && head_.size() < split_) return {};
  placed_ = whole ? &head_ : &tail_;
  placed_at_ = placed_->size();
  MakeRoom(bytes, whole ? announced_ : announced_ - std::min(announced_, split_), *placed_);
  ResizeUninitialized(*placed_, placed_at_ + bytes);
  return {placed_->data() + placed_at_, bytes};
}

void BodyCollector::OnBodyPlaced(size_t bytes) {
  placed_->resize(placed_at_ + bytes);
  exchange_.ConsumeBody(bytes);
  hold_->Add(bytes);
}

void BodyCollector::Decode(BodyDecoding body) {
  const ChoreOwner owner = body.chore ? call_->chore_owner() : ChoreOwner();
  Decoding decoding{.call = call_,
                    .budget = context_.budget,
                    .hold = hold_,
                    .bytes_max = bytes_max_,
                    .wire_bytes = body.wire_bytes,
                    .decoder = std::move(body.decoder),
                    .stop = owner.stop};
  if (!body.chore) {
    decoding.Run();
    return Finish(std::move(decoding));
  }
  Task task = lifeline_.RoundTrip(
      exchange_.loop(), std::move(decoding), [](Decoding& on_worker) { on_worker.Run(); }, Finish);
  if (context_.chores.TryPost(owner, task)) return;
  call_->Fail(Error(Reason::OVERLOADED, "too many large bodies are waiting to be decoded; retry later"));
}

void BodyCollector::Finish(Decoding decoding) {
  Call& call = *decoding.call;
  if (call.done()) return;
  if (!decoding.message.ok()) {
    call.bytes_in += decoding.wire_bytes;
    return call.Fail(decoding.message.status());
  }
  call.Deliver(*std::move(decoding.message), decoding.wire_bytes);
  call.RequestEnd();
}

}  // namespace sluice::transport
