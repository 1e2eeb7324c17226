#include "transport/rest/answer.h"

#include <utility>

#include "base/error.h"
#include "base/no_memory.h"
#include "call/outcome.h"
#include "json/writer.h"
#include "transport/gzip.h"
#include "transport/http/canonical.h"
#include "transport/rest/media_type.h"
#include "transport/rest/problem.h"
#include "transport/rest/server_timing.h"

namespace sluice::rest {

namespace {

// Printing and compressing take 0.2 ms.
constexpr size_t kLateBytes = 32 << 10;

std::string AcceptsOf(const http::Exchange& exchange) {
  return std::string(http::JoinedHeader(exchange.head().headers, "accept-encoding"));
}

// Compresses the body where that is wanted, and says so.
bool Pack(std::string_view accepts, size_t gzip_bytes_min, std::string& body) {
  if (!WantsGzip(accepts, body.size() >= gzip_bytes_min)) return false;
  std::string packed;
  transport::Deflate(body, packed);
  body = std::move(packed);
  return true;
}

void SendPacked(http::Exchange& exchange, Call& call, int status, std::string_view content_type, std::string body,
                bool gzip, Headers headers) {
  headers.AddAll(call.response_headers());
  AddServerTiming(call, headers);
  headers.Add("content-type", content_type);
  if (gzip) {
    headers.Add("content-encoding", "gzip");
    headers.Add("vary", "accept-encoding");
  }
  headers.Add("content-length", std::to_string(body.size()));
  exchange.SendHead(status, headers, false);
  exchange.SendBody(std::move(body), true);
}

}  // namespace

void SendWhole(http::Exchange& exchange, Call& call, int status, std::string_view content_type, std::string body,
               size_t gzip_bytes_min, Headers headers) {
  const bool gzip = Pack(AcceptsOf(exchange), gzip_bytes_min, body);
  SendPacked(exchange, call, status, content_type, std::move(body), gzip, std::move(headers));
}

bool AnswerOptions(http::Exchange& exchange, const Call& call, std::string_view allow) {
  if (exchange.head().method != "OPTIONS" || allow.empty()) return false;
  Headers headers;
  AddAllow(allow, headers);
  headers.AddAll(call.response_headers());
  exchange.SendHead(204, headers, true);
  return true;
}

bool LateAnswer::Take(Message& message) {
  if (message.ByteSizeLong() <= kLateBytes) return false;
  message_.reset(message.New());
  message_->GetReflection()->Swap(message_.get(), &message);
  return true;
}

// What travels to a worker and back.
struct LateAnswer::Parcel {
  std::shared_ptr<Call> call;
  MessagePtr message;
  Print print;
  std::string accepts, content_type;
  Headers headers;
  size_t gzip_bytes_min;
  BudgetHold hold;
  std::string body = {};
  bool gzip = false, made = false;

  void Make() {
    print(*message, body);
    message.reset();
    gzip = Pack(accepts, gzip_bytes_min, body);
    made = true;
  }
};

void LateAnswer::Send(const transport::Context& context, http::Exchange& exchange, Call& call, Print print,
                      std::string_view content_type, Headers headers) {
  BudgetHold hold(context.budget, JsonAnswerBytes(*message_));
  Parcel parcel{.call = call.shared_from_this(),
                .message = std::move(message_),
                .print = std::move(print),
                .accepts = AcceptsOf(exchange),
                .content_type = std::string(content_type),
                .headers = std::move(headers),
                .gzip_bytes_min = context.options.gzip_bytes_min,
                .hold = std::move(hold)};
  context.chores.Post(call.chore_owner(),
                      lifeline_.RoundTrip(
                          call.loop(), std::move(parcel), [](Parcel& on_worker) { on_worker.Make(); },
                          [&exchange](Parcel back) {
                            back.hold = {};  // the exchange counts what it sends
                            if (!back.made) {
                              return SendProblem(exchange, *back.call, NoMemoryFor("this response"), {}, SIZE_MAX);
                            }
                            SendPacked(exchange, *back.call, 200, back.content_type, std::move(back.body), back.gzip,
                                       std::move(back.headers));
                          }));
}

void PrintAnswer(const google::protobuf::FieldDescriptor* field, const Message& message, std::string& out) {
  field == nullptr ? json::MessageToJson(message, out) : json::FieldToJson(message, *field, out);
}

void SendJson(http::Exchange& exchange, Call& call, std::string json, size_t gzip_bytes_min) {
  SendWhole(exchange, call, 200, "application/json", std::move(json), gzip_bytes_min);
}

void SendProblem(http::Exchange& exchange, Call& call, const absl::Status& status, std::string_view allow,
                 size_t gzip_bytes_min) {
  if (AnswerOptions(exchange, call, allow)) return;
  Headers headers;
  AddErrorHeaders(status, allow, headers);
  std::string problem = ProblemJson(status, call.request_id, call.trace.TraceId());
  call.bytes_out += problem.size();
  SendWhole(exchange, call, HttpStatusOf(status), kProblemMediaType, std::move(problem), gzip_bytes_min,
            std::move(headers));
}

}  // namespace sluice::rest
