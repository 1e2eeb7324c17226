#include "transport/rest/request_body.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "transport/rest/decode_request.h"

namespace sluice::rest {

absl::Status RequestCollector::Begin(const std::shared_ptr<Call>& call) {
  call_ = call;
  bytes_max_ = std::min(bytes_max_, call->method().request_bytes_max);
  hold_ = std::make_shared<BudgetHold>(context_.budget, 0);
  call_->Hold(hold_);
  const auto value = exchange_.head().headers.Find("content-length");
  uint64_t length = 0;
  if (!value || std::from_chars(value->data(), value->data() + value->size(), length).ec != std::errc()) {
    return absl::OkStatus();
  }
  if (length > bytes_max_) {
    return Error(Reason::BODY_TOO_LARGE, StrCat("the body of ", length, " bytes exceeds the ", bytes_max_,
                                                " of this method; send less per call"));
  }
  // Reserving what a client merely announces would let it take memory for free; large bodies grow as they come.
  body_.reserve(std::min<uint64_t>(length, 1 << 20));
  return absl::OkStatus();
}

void RequestCollector::OnBody(std::string_view bytes) {
  exchange_.ConsumeBody(bytes.size());
  if (call_->done()) return;
  if (body_.size() + bytes.size() > bytes_max_) {
    return call_->Fail(
        Error(Reason::BODY_TOO_LARGE, StrCat("the body exceeds ", bytes_max_, " bytes; send less per call")));
  }
  hold_->Add(bytes.size());
  body_.append(bytes);
}

void RequestCollector::OnBodyEnd(const Method& method, RouteMatch route) {
  if (call_->done()) return;
  RequestBody body = Take();
  const bool chore = IsChore(method, body);
  Deliver(
      std::move(body),
      [route = std::move(route)](const Method& of, RequestBody taken, DecodeMemory& memory) {
        return DecodeRequest(of, route, std::move(taken), memory);
      },
      chore);
}

RequestBody RequestCollector::Take() {
  const http::RequestHead& head = exchange_.head();
  return {.content_type = std::string(head.headers.Get("content-type")),
          .content_encoding = std::string(head.headers.Get("content-encoding")),
          .query = head.query,
          .bytes = std::move(body_)};
}

void RequestCollector::Deliver(RequestBody body, Decode decode, bool chore) {
  const size_t wire_bytes = body.bytes.size();
  auto deliver = [wire_bytes](Call& call, absl::StatusOr<MessagePtr> request) {
    if (!request.ok()) {
      call.bytes_in += wire_bytes;
      return call.Fail(request.status());
    }
    call.Deliver(*std::move(request), wire_bytes);
    call.RequestEnd();
  };
  if (!chore) {
    DecodeMemory memory(context_.budget, *hold_, bytes_max_);
    return deliver(*call_, decode(call_->method(), std::move(body), memory));
  }
  const ChoreOwner owner = call_->chore_owner();
  body.stop = owner.stop;
  // The chore and its way back own all they touch: this collector may be gone by then.
  Task task = [decode = std::move(decode), body = std::move(body), call = call_, deliver, &budget = context_.budget,
               hold = hold_, bytes_max = bytes_max_]() mutable {
    Loop& loop = call->loop();
    DecodeMemory memory(budget, *hold, bytes_max);
    auto request = decode(call->method(), std::move(body), memory);
    loop.Post([call = std::move(call), request = std::move(request), deliver]() mutable {
      if (!call->done()) deliver(*call, std::move(request));
    });
  };
  if (context_.chores.TryPost(owner, task)) return;
  call_->Fail(Error(Reason::OVERLOADED, "too many large bodies wait to be decoded; retry later"));
}

}  // namespace sluice::rest
