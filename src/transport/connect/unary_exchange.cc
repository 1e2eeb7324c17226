#include "transport/connect/unary_exchange.h"

#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "json/writer.h"
#include "transport/connect/error.h"
#include "transport/content_coding.h"
#include "transport/gzip.h"
#include "transport/parse_proto.h"
#include "transport/rest/decode_request.h"
#include "transport/rest/media_type.h"
#include "transport/rest/problem.h"

namespace sluice::connect {
namespace {

bool HasNoSideEffects(const Method& method) {
  return method.descriptor->options().idempotency_level() == google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
}

void PrintJson(const Message& message, std::string& out) { json::MessageToJson(message, out); }
void PrintProto(const Message& message, std::string& out) { message.SerializeToString(&out); }

}  // namespace

void UnaryExchange::Start(const Method& method) {
  absl::Status length = MakeCall(method);
  absl::Status status = CheckHead(method);
  BeginCall(status.ok() ? std::move(length) : std::move(status));
}

// --- request ---

absl::Status UnaryExchange::CheckHead(const Method& method) {
  const http::RequestHead& head = exchange_.head();
  const bool streams = method.client_streaming || method.server_streaming;
  const bool get = head.method == "GET" && !streams && HasNoSideEffects(method);
  if (get) return CheckGet();
  if (head.method == "POST") return CheckPost(method);
  allow_ = !streams && HasNoSideEffects(method) ? "GET, POST" : "POST";
  return Error(Reason::VERB_NOT_ALLOWED, StrCat("this rpc supports ", allow_, ", not ", Excerpt(head.method, 20)));
}

absl::Status UnaryExchange::CheckPost(const Method& method) {
  const Headers& headers = exchange_.head().headers;
  const std::string_view type = headers.Get("content-type");
  if (method.client_streaming || method.server_streaming) {
    return Error(Reason::UNSUPPORTED_MEDIA_TYPE,
                 StrCat("Content-Type '", Excerpt(type, 80),
                        "' is not supported by streaming methods; use "
                        "application/connect+json or application/connect+proto, or call its REST path"));
  }
  const std::string_view version = headers.Get("connect-protocol-version");
  if (!version.empty() && version != "1") {
    return FieldError(Reason::INVALID_REQUEST, "connect-protocol-version",
                      StrCat("Connect-Protocol-Version '", Excerpt(version, 20), "' is not supported; use 1"));
  }
  const auto media = rest::ParseMediaType(type);
  if (media && rest::IsJson(*media) && media->Name() == "application/json") return SetForm("json", type);
  return SetForm(media && media->Name() == "application/proto" ? "proto" : "", type);
}

absl::Status UnaryExchange::CheckGet() {
  ASSIGN_OR_RETURN(query_, ReadGetQuery(exchange_.head().query));
  return SetForm(query_.encoding, query_.encoding);
}

absl::Status UnaryExchange::SetForm(std::string_view name, std::string_view sent) {
  form_ = name == "proto" ? Form::kProto : Form::kJson;
  if (name == "proto" || name == "json") return absl::OkStatus();
  return Error(Reason::UNSUPPORTED_MEDIA_TYPE,
               StrCat("'", Excerpt(sent, 80),
                      "' is not supported; use application/json or application/proto (in a GET: "
                      "encoding=json or encoding=proto)"));
}

void UnaryExchange::OnBodyEnd() {
  if (call_->done()) return;
  const http::RequestHead& head = exchange_.head();
  const bool get = head.method == "GET", json = form_ == Form::kJson;
  std::string bytes = std::move(get ? query_.message : body_.head());
  std::string coding = get ? std::move(query_.compression) : transport::ContentCoding(head.headers);
  if (bytes.empty()) coding.clear();
  const size_t wire_bytes = bytes.size();
  const bool chore = IsChore(bytes, transport::IsCoded(coding));
  const auto parse = json ? rest::ParseJson : transport::ParseProto;
  body_.Decode({.wire_bytes = wire_bytes,
                .chore = chore,
                .decoder = [parse, bytes = std::move(bytes), coding = std::move(coding)](
                               const Method& method, DecodeMemory& memory,
                               const std::stop_token& stop) mutable -> absl::StatusOr<MessagePtr> {
                  RETURN_IF_ERROR(transport::Unpack(bytes, coding, transport::Codings::kGzip, memory, stop));
                  return parse(method, bytes, memory);
                }});
}

bool UnaryExchange::IsChore(std::string_view bytes, bool coded) const {
  if (coded) return bytes.size() > transport::kPackedChoreBytes;
  if (form_ == Form::kJson) return bytes.size() > rest::kChoreBytes;
  return transport::IsLongToParse(call_->method(), bytes);
}

// --- response ---

size_t UnaryExchange::Write(const Message& message) {
  form_ == Form::kJson ? PrintJson(message, answer_) : PrintProto(message, answer_);
  return answer_.size();
}

size_t UnaryExchange::WriteLast(Message&& message) { return late_.Take(message) ? late_.bytes() : Write(message); }

void UnaryExchange::End(Call& call, const absl::Status& status) {
  body_.Release();
  Headers headers;
  const Headers& trailers = call.response_trailers();
  for (size_t i = 0; i < trailers.size(); ++i) headers.Add(StrCat("trailer-", trailers[i].name), trailers[i].value);
  const char* const type = form_ == Form::kJson ? "application/json" : "application/proto";
  const size_t gzip_bytes_min = context_.options.gzip_bytes_min;
  if (status.ok() && late_.taken()) {
    return late_.Send(context_, exchange_, call, form_ == Form::kJson ? PrintJson : PrintProto, type,
                      std::move(headers));
  }
  if (status.ok()) {
    return rest::SendWhole(exchange_, call, 200, type, std::move(answer_), gzip_bytes_min, std::move(headers));
  }
  if (rest::AnswerOptions(exchange_, call, allow_)) return;
  rest::AddErrorHeaders(status, allow_, headers);
  if (ReasonOf(status) == Reason::UNSUPPORTED_MEDIA_TYPE)
    headers.Add("accept-post", "application/json, application/proto");
  if (ReasonOf(status) == Reason::UNSUPPORTED_ENCODING) headers.Add("accept-encoding", "gzip");
  std::string error = ErrorJson(status, IdsOf(call));
  call.bytes_out += error.size();
  rest::SendWhole(exchange_, call, HttpStatusOf(status), "application/json", std::move(error), gzip_bytes_min,
                  std::move(headers));
}

}  // namespace sluice::connect
