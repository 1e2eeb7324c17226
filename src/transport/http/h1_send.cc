#include <utility>

#include "transport/http/h1_core.h"
#include "transport/http/upgrade.h"

namespace sluice::http {

void H1Core::SendHead(int status, const Headers& headers, bool end) {
  if (!CanSend()) return;
  if (status == 101) return Upgrade(headers);
  if (head_.answer_headers.empty()) {
    response_.SendHead(status, headers);
  } else {
    Headers all = headers;
    all.AddAll(head_.answer_headers);
    response_.SendHead(status, all);
  }
  if (end) EndResponse({}, nullptr);
  host_.WantsWrite();
}

void H1Core::SendBody(std::string bytes, bool end) {
  if (!CanSend()) return;
  if (end) {
    EndResponse(std::move(bytes), nullptr);
  } else {
    response_.set_date(Date());
    response_.SendBody(std::move(bytes));
  }
  was_full_ |= out_.size() >= limits_.response_buffer_bytes / 2;
  host_.WantsWrite();
}

void H1Core::SendTrailers(const Headers& trailers) {
  if (!CanSend()) return;
  EndResponse({}, &trailers);
  host_.WantsWrite();
}

void H1Core::Reset() {
  if (state_ != State::kExchange || cut_ != Cut::kNo) return;
  cut_ = Cut::kReset;
  host_.WantsWrite();
}

void H1Core::Upgrade(const Headers& headers) {
  if (head_.upgrade.empty() || response_.head_given()) return;
  Headers all = headers;
  all.Add("upgrade", head_.upgrade);
  if (const auto key = head_.headers.Find("sec-websocket-key")) {
    all.Add("sec-websocket-accept", WebSocketAccept(*key));
  }
  response_.set_date(Date());
  response_.SendHead(101, all);
  response_.FlushHead();
  body_ = Body::kTunnel;
  host_.WantsWrite();
}

void H1Core::EndResponse(std::string&& last_bytes, const Headers* trailers) {
  // What is left of the body decides whether the connection can go on; say so in the head if it is still to come.
  if (body_ != Body::kEnded && !RestIsSmall()) response_.CloseAfter();
  response_.set_date(Date());
  response_.End(std::move(last_bytes), trailers);
}

}  // namespace sluice::http
