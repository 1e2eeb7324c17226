#include "transport/rest/codec.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/strings.h"
#include "call/call.h"
#include "call/outcome.h"
#include "transport/gzip.h"
#include "transport/rest/decode_request.h"
#include "transport/rest/json_writer.h"
#include "transport/rest/media_type.h"
#include "transport/rest/problem.h"

namespace sluice::rest {
namespace {

std::string Number(uint64_t value) { return std::to_string(value); }

// One REST call: collects the body, decodes it (large ones on a worker), answers when the call ends.
class RestExchange final : public http::ExchangeHandler, public CallPort {
 public:
  RestExchange(const CodecContext& context, http::Exchange& exchange) : context_(context), exchange_(exchange) {}
  ~RestExchange() override {
    if (call_ != nullptr) call_->Detach();
  }

  void Begin(const Method& method, RouteMatch route, const absl::Status& refusal);

  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  void OnDrain() override { call_->Drain(); }
  void OnClosed(http::CloseReason reason) override { call_->Detach(); }

  size_t Write(const Message& message) override;
  void End(Call& call, const absl::Status& status) override;

 private:
  absl::Status CheckLength();
  bool WantsGzip(size_t bytes) const {
    return bytes >= context_.gzip_bytes_min &&
           CodingQuality(exchange_.head().headers.Get("accept-encoding"), "gzip") > 0;
  }
  void Decode();
  void SendAnswer(Call& call, int status, std::string_view content_type, std::string body, Headers& headers);

  const CodecContext& context_;
  http::Exchange& exchange_;
  const Method* method_ = nullptr;
  RouteMatch route_;
  std::shared_ptr<Call> call_;
  std::shared_ptr<http::BudgetHold> hold_;
  std::string body_;
  std::string answer_;
};

void RestExchange::Begin(const Method& method, RouteMatch route, const absl::Status& refusal) {
  method_ = &method;
  route_ = std::move(route);
  const http::RequestHead& head = exchange_.head();
  call_ = Call::Create({.method = method_,
                        .protocol = Protocol::kRest,
                        .headers = &head.headers,
                        .client_ip = head.peer.client_ip,
                        .arrived = head.received},
                       exchange_.loop(), context_.chain, *this);
  call_->Begin();
  if (!refusal.ok()) return call_->Fail(refusal);
  if (absl::Status length = CheckLength(); !length.ok()) return call_->Fail(std::move(length));
  hold_ = std::make_shared<http::BudgetHold>(context_.budget, 0);
  call_->Hold(hold_);
}

absl::Status RestExchange::CheckLength() {
  const auto value = exchange_.head().headers.Find("content-length");
  uint64_t length = 0;
  if (!value || std::from_chars(value->data(), value->data() + value->size(), length).ec != std::errc()) {
    return absl::OkStatus();
  }
  if (length > context_.body_bytes_max) {
    return Error(Reason::BODY_TOO_LARGE, StrCat("the body of ", length, " bytes exceeds the server's ",
                                                context_.body_bytes_max, "; send less per call"));
  }
  // Reserving what a client merely announces would let it take memory for free; large bodies grow as they come.
  body_.reserve(std::min<uint64_t>(length, 1 << 20));
  return absl::OkStatus();
}

void RestExchange::OnBody(std::string_view bytes) {
  exchange_.ConsumeBody(bytes.size());
  if (call_->done()) return;
  if (body_.size() + bytes.size() > context_.body_bytes_max) {
    return call_->Fail(Error(Reason::BODY_TOO_LARGE,
                             StrCat("the body exceeds ", context_.body_bytes_max, " bytes; send less per call")));
  }
  hold_->Add(bytes.size());
  body_.append(bytes);
}

void RestExchange::OnBodyEnd() {
  if (!call_->done()) Decode();
}

void RestExchange::Decode() {
  const http::RequestHead& head = exchange_.head();
  const size_t wire_bytes = body_.size();
  RequestBody body{.content_type = std::string(head.headers.Get("content-type")),
                   .content_encoding = std::string(head.headers.Get("content-encoding")),
                   .query = head.query,
                   .bytes = std::move(body_)};
  auto deliver = [wire_bytes](Call& call, absl::StatusOr<MessagePtr> request) {
    if (!request.ok()) {
      call.bytes_in += wire_bytes;
      return call.Fail(request.status());
    }
    call.Deliver(*std::move(request), wire_bytes);
    call.RequestEnd();
  };
  if (!IsChore(*method_, body)) {
    return deliver(*call_, DecodeRequest(*method_, route_, std::move(body), context_.body_bytes_max));
  }
  // The chore and its way back own all they touch: this handler may be gone by then.
  Task chore = [method = method_, route = std::move(route_), body = std::move(body), call = call_, deliver,
                bytes_max = context_.body_bytes_max]() mutable {
    Loop& loop = call->loop();
    auto request = DecodeRequest(*method, route, std::move(body), bytes_max);
    loop.Post([call = std::move(call), request = std::move(request), deliver]() mutable {
      if (!call->done()) deliver(*call, std::move(request));
    });
  };
  if (context_.chores.TryPost(chore)) return;
  call_->Fail(Error(Reason::OVERLOADED, "too many large bodies wait to be decoded; retry later"));
}

size_t RestExchange::Write(const Message& message) {
  const auto* field = route_.binding == nullptr ? nullptr : route_.binding->response_field;
  if (field != nullptr) {
    FieldToJson(message, *field, answer_);
  } else {
    MessageToJson(message, answer_);
  }
  return answer_.size();
}

void RestExchange::End(Call& call, const absl::Status& status) {
  Headers headers;
  if (status.ok()) return SendAnswer(call, 200, "application/json", std::move(answer_), headers);
  if (const auto after = RetryAfterOf(status)) {
    headers.Add("retry-after",
                Number(static_cast<uint64_t>(absl::ToInt64Seconds(absl::Ceil(*after, absl::Seconds(1))))));
  }
  if (!route_.allow.empty()) headers.Add("allow", route_.allow);
  std::string problem = ProblemJson(status, call.request_id);
  call.bytes_out += problem.size();
  SendAnswer(call, HttpStatusOf(status), kProblemMediaType, std::move(problem), headers);
}

void RestExchange::SendAnswer(Call& call, int status, std::string_view content_type, std::string body,
                              Headers& headers) {
  const Headers& given = call.response_headers();
  for (size_t i = 0; i < given.size(); ++i) headers.Add(given[i].name, given[i].value);
  headers.Add("content-type", content_type);
  if (WantsGzip(body.size())) {
    std::string packed;
    transport::Deflate(body, packed);
    body = std::move(packed);
    headers.Add("content-encoding", "gzip");
    headers.Add("vary", "accept-encoding");
  }
  headers.Add("content-length", Number(body.size()));
  exchange_.SendHead(status, headers, false);
  exchange_.SendBody(std::move(body), true);
}

}  // namespace

RestCodec::RestCodec(const CodecContext& context) : context_(context) {
  int index = 0;
  for (const auto& method : context_.methods.all()) {
    const absl::Status added = router_.Add(method->descriptor, index++);
    SLUICE_CHECK(added.ok(), StrCat(method->name, ": ", added.message()));
  }
}

std::unique_ptr<http::ExchangeHandler> RestCodec::Start(http::Exchange& exchange) const {
  auto handler = std::make_unique<RestExchange>(context_, exchange);
  RouteMatch route;
  const absl::Status found = router_.Match(exchange.head().method, exchange.head().path, route);
  const Method& method = found.ok() ? *context_.methods.all()[route.method_index] : UnknownMethod();
  handler->Begin(method, std::move(route), found);
  return handler;
}

std::unique_ptr<http::ExchangeHandler> RestCodec::Refuse(http::Exchange& exchange, absl::Status status) const {
  auto handler = std::make_unique<RestExchange>(context_, exchange);
  handler->Begin(UnknownMethod(), RouteMatch(), status);
  return handler;
}

}  // namespace sluice::rest
