#include "transport/rest/stream_exchange.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "transport/content_coding.h"
#include "transport/http/canonical.h"
#include "transport/new_call.h"
#include "transport/parse_proto.h"
#include "transport/rest/answer.h"
#include "transport/rest/bind.h"
#include "transport/rest/decode_request.h"
#include "transport/rest/media_type.h"
#include "transport/rest/problem.h"

namespace sluice::rest {
namespace {

bool IsNdjson(std::string_view content_type) {
  const auto type = ParseMediaType(content_type);
  if (!type) return content_type.empty();
  const std::string name = type->Name();
  return name == "application/x-ndjson" || name == "application/ndjson" || name == "application/jsonl" ||
         name == "application/x-jsonlines" || name == "application/jsonlines";
}

}  // namespace

StreamExchange::StreamExchange(const transport::Context& context, http::Exchange& exchange)
    : context_(context),
      exchange_(exchange),
      collector_(context, exchange),
      backlog_(exchange, [this](std::string_view bytes) { return CutLines(bytes); }),
      lines_(context.options.message_bytes_max) {}

StreamExchange::~StreamExchange() {
  if (heartbeat_ != 0) exchange_.loop().Cancel(heartbeat_);
  if (call_ != nullptr) call_->Detach();
}

void StreamExchange::Start(const Method& method, RouteMatch route) {
  const http::RequestHead& head = exchange_.head();
  route_ = std::move(route);
  form_ = StreamFormFor(http::JoinedHeader(head.headers, "accept"));
  call_ = transport::NewCall(exchange_, method, Protocol::kRest, context_, *this);
  if (!method.client_streaming) {
    absl::Status length = collector_.Begin(call_);
    length.ok() ? call_->Begin() : call_->Refuse(std::move(length));
    return WatchIdle();
  }
  decode_ = LineDecoder();
  feed_.emplace(call_, context_.budget, context_.chores, context_.options.message_bytes_max, [this] { Resume(); });
  lines_.Limit(feed_->message_bytes_max());
  // The handler of a client stream would start in Begin.
  if (absl::Status lines = CheckLines(); !lines.ok()) return call_->Refuse(std::move(lines));
  call_->Begin();
  WatchIdle();
}

void StreamExchange::WatchIdle() {
  if (call_->done() || call_->method().may_be_idle) return;
  idle_.Start(
      exchange_.loop(), context_.options.stream_idle, [this] { return exchange_.UnsentBytes() > 0; },
      [this] { call_->Fail(Error(Reason::REQUEST_TIMEOUT, "the stream was idle for too long")); });
}

absl::Status StreamExchange::CheckLines() const {
  const Headers& headers = exchange_.head().headers;
  if (!IsNdjson(headers.Get("content-type"))) {
    return Error(Reason::UNSUPPORTED_MEDIA_TYPE,
                 StrCat("Content-Type '", Excerpt(headers.Get("content-type"), 80),
                        "' is not supported; use application/x-ndjson, one JSON object per line"));
  }
  if (!transport::IsCoded(transport::ContentCoding(headers))) return absl::OkStatus();
  return Error(Reason::UNSUPPORTED_ENCODING, "compressed streams are not supported; send the lines uncompressed");
}

// --- request ---

void StreamExchange::OnBody(std::string_view bytes) {
  idle_.Moved();
  feed_ ? backlog_.OnBody(bytes) : collector_.OnBody(bytes);
}

size_t StreamExchange::CutLines(std::string_view bytes) {
  std::string_view rest = bytes;
  while (!rest.empty() && !call_->done() && feed_->CanTake()) {
    std::string_view line;
    const auto complete = lines_.Next(rest, line);
    if (!complete.ok()) {
      call_->Fail(complete.status());
    } else if (*complete) {
      TakeLine(line);
    }
  }
  const size_t held = lines_.mid_line() ? lines_.buffered() : 0;
  partial_.Resize(context_.budget, held < Budget::kSmallBytes ? 0 : held);
  return call_->done() ? bytes.size() : bytes.size() - rest.size();
}

// Path and query speak for every line. Runs on workers, too: owns what it needs.
transport::StreamFeed::Decode StreamExchange::LineDecoder() const {
  auto url = std::make_shared<const std::pair<RouteMatch, std::string>>(route_, exchange_.head().query);
  return [url = std::move(url)](const Method& method, std::string_view json,
                                DecodeMemory& memory) -> absl::StatusOr<MessagePtr> {
    MessagePtr message = method.NewRequest();
    RETURN_IF_ERROR(BindRequest(url->first, {.query = url->second, .body = json}, *message,
                                {.json = ReadOptionsFor(method, memory), .query = {}}));
    return transport::Prepared(method, std::move(message), memory);
  };
}

void StreamExchange::TakeLine(std::string_view line) { feed_->Take(line, decode_, line.size() > kChoreBytes); }

void StreamExchange::Resume() {
  backlog_.Resume();
  if (body_ended_) EndLines();
}

void StreamExchange::OnBodyEnd() {
  body_ended_ = true;
  if (form_ == StreamForm::kSse && call_->method().server_streaming) Beat();
  if (feed_) return EndLines();
  if (call_->done()) return;
  collector_.Decode(DecodingOf(call_->method(), route_, RequestBodyOf(exchange_.head(), std::move(collector_.head()))));
}

void StreamExchange::EndLines() {
  if (!backlog_.empty() || call_->done()) return;
  if (lines_.mid_line()) {  // a last line without a line end
    if (!feed_->CanTake()) return;
    if (std::string_view last; lines_.TakeLast(last)) TakeLine(last);
  }
  feed_->End();
}

bool StreamExchange::AwaitsBody() const {
  return !call_->done() && (!feed_ || (lines_.mid_line() && backlog_.empty() && feed_->CanTake()));
}

// --- response ---

size_t StreamExchange::Write(const Message& message) {
  idle_.Moved();
  std::string json;
  PrintAnswer(response_field(), message, json);
  if (!call_->method().server_streaming) {
    answer_ = std::move(json);
    return answer_.size();
  }
  SendHead();
  std::string text = MessageText(form_, std::move(json));
  const size_t bytes = text.size();
  exchange_.SendBody(std::move(text), false);
  last_write_ = exchange_.loop().Now();
  return bytes;
}

size_t StreamExchange::WriteLast(Message&& message) {
  if (call_->method().server_streaming || !late_.Take(message)) return Write(message);
  return late_.bytes();
}

void StreamExchange::SendHead() {
  if (std::exchange(head_sent_, true)) return;
  Headers& headers = call_->response_headers();
  headers.Add("content-type", MediaTypeOf(form_));
  headers.Add("cache-control", "no-store");
  headers.Add("x-accel-buffering", "no");  // nginx would keep results back
  exchange_.SendHead(200, headers, false);
}

// One timer, moved only when it fires: results just note their time.
void StreamExchange::Beat() {
  if (call_->done() || context_.options.heartbeat <= Duration::zero()) return;
  const TimePoint now = exchange_.loop().Now();
  last_write_ = std::max(last_write_, call_->arrived());
  if (now - last_write_ >= context_.options.heartbeat && CanWrite()) {
    SendHead();
    exchange_.SendBody(std::string(HeartbeatText(form_)), false);
    last_write_ = now;
  }
  const TimePoint due = last_write_ + context_.options.heartbeat;
  heartbeat_ = exchange_.loop().At(due > now ? due : now + context_.options.heartbeat, [this] { Beat(); });
}

void StreamExchange::End(Call& call, const absl::Status& status) {
  collector_.Release();
  idle_.Stop();
  const bool stream = call.method().server_streaming;
  if (!status.ok() && !head_sent_)
    return SendProblem(exchange_, call, status, route_.allow, context_.options.gzip_bytes_min);
  if (late_.taken()) {
    return late_.Send(context_, exchange_, call, std::bind_front(PrintAnswer, response_field()), "application/json");
  }
  if (!stream) return SendJson(exchange_, call, std::move(answer_), context_.options.gzip_bytes_min);
  SendHead();
  std::string last = status.ok() ? EndText(form_) : ErrorText(form_, ProblemJson(status, call.request_id));
  call.bytes_out += last.size();
  exchange_.SendBody(std::move(last), true);
}

}  // namespace sluice::rest
