#include "transport/oip/exchange.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/outcome.h"
#include "json/text.h"
#include "json/writer.h"
#include "transport/gzip.h"
#include "transport/http/canonical.h"
#include "transport/new_call.h"
#include "transport/oip/infer_answer.h"
#include "transport/rest/answer.h"
#include "transport/rest/media_type.h"
#include "transport/rest/problem.h"

namespace sluice::oip {
namespace {

using inference::ModelInferResponse;

// Above these, reading JSON, writing JSON or compressing leaves the loop: about 0.2 ms each.
constexpr size_t kChoreJsonBytes = 64 << 10;
constexpr size_t kChoreTensorBytes = 16 << 10;
constexpr size_t kGzipBytesMin = 1024;
// Reserving what a client merely announces would let it take memory for free.
constexpr size_t kTrustedBytes = 1 << 20;

constexpr char kHeaderLength[] = "inference-header-content-length";

absl::StatusOr<std::string> Unpack(std::string bytes, std::string_view encoding, DecodeMemory& memory,
                                   const std::stop_token& stop = {}) {
  if (encoding.empty() || encoding == "identity") return bytes;
  if (encoding != "gzip" && encoding != "deflate") {
    return Error(Reason::UNSUPPORTED_ENCODING,
                 StrCat("Content-Encoding '", Excerpt(encoding, 40), "' is not taken; send gzip, deflate or none"));
  }
  std::string inflated;
  const auto format = encoding == "gzip" ? transport::Inflater::Format::kGzip : transport::Inflater::Format::kZlib;
  RETURN_IF_ERROR(transport::Inflate(bytes, memory.message_bytes_max(), inflated, format, stop, &memory));
  return inflated;
}

absl::StatusOr<InferRequest> Prepared(const Method& method, absl::StatusOr<InferRequest> request,
                                      DecodeMemory& memory) {
  RETURN_IF_ERROR(request.status());
  if (method.prepare) RETURN_IF_ERROR(method.prepare(request->message));
  memory.Keep(memory.held() < DecodeMemory::kSmallBytes ? 0 : request->message.SpaceUsedLong());
  return request;
}

// Grows in steps that follow what has come, up to what was announced.
void Append(std::string_view bytes, size_t announced, std::string& to) {
  const size_t need = to.size() + bytes.size();
  if (need > to.capacity()) {
    const size_t trusted = std::max({need, kTrustedBytes, 4 * to.size()});
    to.reserve(announced >= need ? std::min(announced, trusted) : std::max(need, 2 * to.capacity()));
  }
  to.append(bytes);
}

}  // namespace

struct OipExchange::Encoded {
  absl::Status status;
  std::string first;              // JSON, or all of it compressed
  std::vector<std::string> rest;  // the tensors
  size_t header_length = 0;       // 0: JSON only
  bool gzip = false;

  size_t bytes() const {
    size_t sum = first.size();
    for (const std::string& tensor : rest) sum += tensor.size();
    return sum;
  }
};

OipExchange::~OipExchange() {
  *self_ = nullptr;
  if (call_ != nullptr) call_->Detach();
}

void OipExchange::Begin(const Method& method, Route route, std::string allow, const absl::Status& refusal) {
  route_ = std::move(route);
  allow_ = std::move(allow);
  call_ = transport::NewCall(exchange_, method, Protocol::kOip, context_.chain, *this);
  hold_ = std::make_shared<BudgetHold>(context_.budget, 0);
  call_->Hold(hold_);
  bytes_max_ = std::min(context_.body_bytes_max, method.request_bytes_max);
  if (absl::Status status = refusal.ok() ? CheckHead() : refusal; !status.ok()) {
    call_->Refuse(std::move(status));
    return;
  }
  call_->Begin();
}

absl::Status OipExchange::CheckHead() {
  const std::string_view length = Header("content-length");
  std::from_chars(length.data(), length.data() + length.size(), announced_bytes_);
  if (announced_bytes_ > bytes_max_) {
    return Error(Reason::BODY_TOO_LARGE, StrCat("the body of ", announced_bytes_, " bytes exceeds the ", bytes_max_,
                                                " of this method; send less per call"));
  }
  const std::string_view json_bytes = Header(kHeaderLength);
  if (json_bytes.empty() || !Header("content-encoding").empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(json_bytes_, ParseHeaderLength(json_bytes));
  body_.raw = json_bytes_ == 0;
  return absl::OkStatus();
}

// --- request ---

void OipExchange::OnBody(std::string_view bytes) {
  exchange_.ConsumeBody(bytes.size());
  if (call_->done()) return;
  if (body_.json.size() + body_.tensors.size() + bytes.size() > bytes_max_) {
    return call_->Fail(
        Error(Reason::BODY_TOO_LARGE, StrCat("the body exceeds ", bytes_max_, " bytes; send less per call")));
  }
  hold_->Add(bytes.size());
  const size_t json = std::min(bytes.size(), json_bytes_ - body_.json.size());
  if (json > 0) Append(bytes.substr(0, json), std::min(announced_bytes_, json_bytes_), body_.json);
  if (json < bytes.size()) {
    Append(bytes.substr(json), announced_bytes_ - std::min(announced_bytes_, json_bytes_), body_.tensors);
  }
}

void OipExchange::OnBodyEnd() {
  if (!call_->done()) Decode();
}

void OipExchange::Decode() {
  const size_t wire_bytes = body_.json.size() + body_.tensors.size();
  if (route_.operation == Operation::kModelInfer) return DecodeInfer();
  Deliver(SmallRequest(), wire_bytes);
}

void OipExchange::DecodeInfer() {
  const size_t wire_bytes = body_.json.size() + body_.tensors.size();
  const std::string_view encoding = Header("content-encoding");
  const bool packed = !encoding.empty() && encoding != "identity";
  if (json_bytes_ != SIZE_MAX && body_.json.size() < json_bytes_) {
    return OnDecoded(CutBody(std::move(body_.json), StrCat(json_bytes_)).status(), wire_bytes);
  }
  if (!packed && body_.json.size() <= kChoreJsonBytes) {
    DecodeMemory memory(context_.budget, *hold_, bytes_max_);
    return OnDecoded(Prepared(call_->method(), ReadInferRequest(std::move(body_), &memory), memory), wire_bytes);
  }
  const ChoreOwner owner = call_->chore_owner();
  Task chore = [self = std::weak_ptr(self_), &loop = exchange_.loop(), body = std::move(body_), call = call_,
                wire_bytes, encoding = std::string(encoding),
                header_length = std::string(packed ? Header(kHeaderLength) : ""), &budget = context_.budget,
                hold = hold_, bytes_max = bytes_max_, stop = owner.stop]() mutable {
    DecodeMemory memory(budget, *hold, bytes_max);
    const auto read = [&]() -> absl::StatusOr<InferRequest> {
      if (encoding.empty() || encoding == "identity") return ReadInferRequest(std::move(body), &memory);
      ASSIGN_OR_RETURN(std::string bytes, Unpack(std::move(body.json), encoding, memory, stop));
      ASSIGN_OR_RETURN(InferBody cut, CutBody(std::move(bytes), header_length));
      return ReadInferRequest(std::move(cut), &memory);
    };
    auto done = Prepared(call->method(), read(), memory);
    // The call rides along, so that its hold on the memory budget lasts.
    loop.Post([self = std::move(self), request = std::move(done), call = std::move(call), wire_bytes]() mutable {
      const auto exchange = self.lock();
      if (exchange != nullptr && *exchange != nullptr && !call->done())
        (*exchange)->OnDecoded(std::move(request), wire_bytes);
    });
  };
  if (context_.chores.TryPost(owner, chore)) return;
  call_->Fail(Error(Reason::OVERLOADED, "too many large bodies wait to be decoded; retry later"));
}

void OipExchange::OnDecoded(absl::StatusOr<InferRequest> request, size_t wire_bytes) {
  if (!request.ok()) return Deliver(request.status(), wire_bytes);
  form_ = std::move(request->form);
  request->message.set_model_name(route_.model);
  request->message.set_model_version(route_.version);
  Deliver(std::make_unique<inference::ModelInferRequest>(std::move(request->message)), wire_bytes);
}

absl::StatusOr<MessagePtr> OipExchange::SmallRequest() {
  MessagePtr request = call_->method().NewRequest();
  const auto* descriptor = request->GetDescriptor();
  const auto set = [&](const char* field, const std::string& value) {
    const auto* found = descriptor->FindFieldByName(field);
    if (found != nullptr && !value.empty()) request->GetReflection()->SetString(request.get(), found, value);
  };
  const bool changes =
      route_.operation == Operation::kRepositoryLoad || route_.operation == Operation::kRepositoryUnload;
  set(changes ? "model_name" : "name", route_.model);
  set("version", route_.version);
  if (!changes && route_.operation != Operation::kRepositoryIndex) return request;
  DecodeMemory memory(context_.budget, *hold_, bytes_max_);
  ASSIGN_OR_RETURN(const std::string json, Unpack(std::move(body_.json), Header("content-encoding"), memory));
  RETURN_IF_ERROR(ReadRepositoryRequest(json, *request));
  return request;
}

void OipExchange::Deliver(absl::StatusOr<MessagePtr> request, size_t wire_bytes) {
  if (!request.ok()) {
    call_->bytes_in += wire_bytes;
    return call_->Fail(request.status());
  }
  call_->Deliver(*std::move(request), wire_bytes);
  call_->RequestEnd();
}

void OipExchange::OnClosed(http::CloseReason) {
  *self_ = nullptr;
  call_->Detach();
}

// --- answer ---

size_t OipExchange::Write(const Message& message) {
  const json::WriteOptions options{.long_numbers = true};
  const auto field = [&](const char* name) {
    json::FieldToJson(message, *message.GetDescriptor()->FindFieldByName(name), json_, options);
  };
  switch (route_.operation) {
    case Operation::kModelReady:
      json_ = "{\"name\":";
      json::AppendQuoted(route_.model, json_);
      json_ += ",\"ready\":";
      field("ready");
      json_ += "}";
      if (!static_cast<const inference::ModelReadyResponse&>(message).ready()) status_ = 503;
      break;
    case Operation::kServerReady:
      json::MessageToJson(message, json_, options);
      if (!static_cast<const inference::ServerReadyResponse&>(message).ready()) status_ = 503;
      break;
    case Operation::kModelConfig: field("config"); break;
    case Operation::kRepositoryIndex: field("models"); break;
    default: json::MessageToJson(message, json_, options);
  }
  return json_.size();
}

size_t OipExchange::WriteLast(Message&& message) {
  if (route_.operation != Operation::kModelInfer) return Write(message);
  response_ = std::make_unique<ModelInferResponse>(std::move(static_cast<ModelInferResponse&>(message)));
  // What goes on the wire is not known yet; the bytes of the tensors are what there is to say.
  return response_->ByteSizeLong();
}

OipExchange::Encoded OipExchange::Encode(ModelInferResponse response, const AnswerForm& form, bool gzip_json,
                                         bool gzip_all) {
  auto answer = WriteInferAnswer(std::move(response), form);
  if (!answer.ok()) return {.status = answer.status()};
  Encoded encoded{.header_length = answer->tensors.empty() ? 0 : answer->json.size()};
  encoded.gzip = gzip_all || (gzip_json && answer->tensors.empty() && answer->json.size() >= kGzipBytesMin);
  if (!encoded.gzip) {
    encoded.first = std::move(answer->json);
    encoded.rest = std::move(answer->tensors);
    return encoded;
  }
  for (const std::string& tensor : answer->tensors) answer->json += tensor;
  transport::Deflate(answer->json, encoded.first);
  return encoded;
}

bool OipExchange::IsLargeAnswer(const ModelInferResponse& response) const {
  size_t json = 0, all = 0;
  for (int i = 0; i < response.outputs_size() && i < response.raw_output_contents_size(); ++i) {
    const size_t bytes = response.raw_output_contents(i).size();
    all += bytes;
    if (!form_.IsBinary(response.outputs(i).name())) json += bytes;
  }
  return json > kChoreTensorBytes || (all > kChoreJsonBytes && Header("accept-encoding") == "gzip");
}

void OipExchange::End(Call& call, const absl::Status& status) {
  hold_.reset();  // the call has it for as long as jobs need it
  if (!status.ok()) return SendProblem(status);
  if (response_ == nullptr) return SendEncoded({.first = std::move(json_)});
  const std::string accepts = http::JoinedHeader(exchange_.head().headers, "accept-encoding");
  const bool gzip_json = rest::WantsGzip(accepts, true);
  // Most clients say that they take gzip, and numbers hardly shrink: bytes are compressed for those who ask for nothing else.
  const bool gzip_all = accepts == "gzip" || rest::WantsGzip(accepts, false);
  if (!IsLargeAnswer(*response_)) return SendEncoded(Encode(std::move(*response_), form_, gzip_json, gzip_all));
  BudgetHold hold(context_.budget, response_->ByteSizeLong());
  Task chore = [self = std::weak_ptr(self_), &loop = exchange_.loop(), response = std::move(response_),
                form = std::move(form_), gzip_json, gzip_all, &budget = context_.budget,
                hold = std::move(hold)]() mutable {
    Encoded done;
    if (hold.TryAdd(budget, JsonBytesMax(*response, form))) {
      done = Encode(std::move(*response), form, gzip_json, gzip_all);
    } else {
      done.status = Error(Reason::OVERLOADED, "the server has no room for this answer now; retry later");
    }
    hold.Resize(budget, done.bytes());
    loop.Post([self = std::move(self), encoded = std::move(done), hold = std::move(hold)]() mutable {
      hold = {};  // the exchange counts what it sends
      const auto exchange = self.lock();
      if (exchange != nullptr && *exchange != nullptr) (*exchange)->SendEncoded(std::move(encoded));
    });
  };
  context_.chores.Post(call.chore_owner(), std::move(chore));
}

void OipExchange::SendEncoded(Encoded encoded) {
  if (!encoded.status.ok()) return SendProblem(encoded.status);
  Headers headers;
  if (encoded.header_length > 0) headers.Add(kHeaderLength, StrCat(encoded.header_length));
  if (encoded.gzip) {
    headers.Add("content-encoding", "gzip");
    headers.Add("vary", "accept-encoding");
  }
  const size_t bytes = encoded.bytes();
  SendHead(status_, encoded.header_length > 0 ? "application/octet-stream" : "application/json", bytes, headers);
  while (!encoded.rest.empty() && encoded.rest.back().empty()) encoded.rest.pop_back();
  exchange_.SendBody(std::move(encoded.first), encoded.rest.empty());
  for (std::string& tensor : encoded.rest) {
    const bool last = &tensor == &encoded.rest.back();
    if (last || !tensor.empty()) exchange_.SendBody(std::move(tensor), last);
  }
}

void OipExchange::SendProblem(const absl::Status& status) {
  if (rest::AnswerOptions(exchange_, *call_, allow_)) return;
  Headers headers;
  rest::AddErrorHeaders(status, allow_, headers);
  // The protocol's clients look for "error", KServe's only in application/json.
  std::string body = rest::ProblemJson(status, call_->request_id);
  body.pop_back();
  body += ",\"error\":";
  json::AppendQuoted(ToStd(status.message()), body);
  body += "}";
  SendHead(HttpStatusOf(status), "application/json", body.size(), headers);
  exchange_.SendBody(std::move(body), true);
}

void OipExchange::SendHead(int status, std::string_view content_type, size_t bytes, Headers& headers) {
  const Headers& given = call_->response_headers();
  for (size_t i = 0; i < given.size(); ++i) headers.Add(given[i].name, given[i].value);
  headers.Add("content-type", content_type);
  headers.Add("content-length", StrCat(bytes));
  exchange_.SendHead(status, headers, false);
}

}  // namespace sluice::oip
