#include "transport/oip/exchange.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/no_memory.h"
#include "base/strings.h"
#include "call/outcome.h"
#include "json/text.h"
#include "json/writer.h"
#include "transport/content_coding.h"
#include "transport/gzip.h"
#include "transport/http/canonical.h"
#include "transport/oip/infer_answer.h"
#include "transport/parse_proto.h"
#include "transport/rest/answer.h"
#include "transport/rest/media_type.h"
#include "transport/rest/problem.h"
#include "transport/rest/server_timing.h"

namespace sluice::oip {
namespace {

using inference::ModelInferResponse;

// Above these, reading JSON, writing JSON or compressing leaves the loop: about 0.2 ms each.
constexpr size_t kChoreJsonBytes = 64 << 10;
constexpr size_t kChoreTensorBytes = 16 << 10;
constexpr size_t kGzipBytesMin = 1024;

constexpr char kHeaderLength[] = "inference-header-content-length";

// Where the message has such a field.
void SetText(Message& message, const char* field, const std::string& value) {
  const auto* found = message.GetDescriptor()->FindFieldByName(field);
  if (found != nullptr && !value.empty()) message.GetReflection()->SetString(&message, found, value);
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

void OipExchange::Start(const Method& method, Route route) {
  route_ = std::move(route);
  absl::Status status = MakeCall(method);
  if (status.ok()) status = CheckHead();
  BeginCall(std::move(status));
}

void OipExchange::Refuse(absl::Status refusal, std::string allow) {
  allow_ = std::move(allow);
  RefuseCall(UnknownMethod(), std::move(refusal));
}

absl::Status OipExchange::CheckHead() {
  const std::string_view json_bytes = Header(kHeaderLength);
  if (json_bytes.empty() || transport::IsCoded(transport::ContentCoding(exchange_.head().headers)))
    return absl::OkStatus();
  ASSIGN_OR_RETURN(json_bytes_, ParseHeaderLength(json_bytes));
  body_.SplitAt(json_bytes_);
  return absl::OkStatus();
}

// --- request ---

void OipExchange::OnBodyEnd() {
  if (call_->done()) return;
  body_.Decode(route_.operation == Operation::kModelInfer ? InferDecoding() : SmallDecoding());
}

transport::BodyDecoding OipExchange::InferDecoding() {
  const size_t wire_bytes = body_.size(), json_bytes = body_.head().size();
  std::string coding = transport::ContentCoding(exchange_.head().headers);
  const bool coded = transport::IsCoded(coding);
  if (json_bytes_ != SIZE_MAX && json_bytes < json_bytes_) {
    return {.wire_bytes = wire_bytes,
            .decoder = [cut = CutBody(std::move(body_.head()), StrCat(json_bytes_)).status()](
                           const Method&, DecodeMemory&, const std::stop_token&) -> absl::StatusOr<MessagePtr> {
              return cut;
            }};
  }
  InferBody body{.json = std::move(body_.head()), .tensors = std::move(body_.tail()), .raw = json_bytes_ == 0};
  return {.wire_bytes = wire_bytes,
          .chore = coded || json_bytes > kChoreJsonBytes,
          .decoder = [body = std::move(body), coding = std::move(coding), route = route_, form = form_,
                      header_length = std::string(Header(kHeaderLength))](
                         const Method& method, DecodeMemory& memory,
                         const std::stop_token& stop) mutable -> absl::StatusOr<MessagePtr> {
            if (transport::IsCoded(coding)) {
              RETURN_IF_ERROR(transport::Unpack(body.json, coding, transport::Codings::kGzipAndDeflate, memory, stop));
              ASSIGN_OR_RETURN(body, CutBody(std::move(body.json), header_length));
            }
            ASSIGN_OR_RETURN(InferRequest request, ReadInferRequest(std::move(body), &memory));
            *form = std::move(request.form);
            auto message = std::make_unique<inference::ModelInferRequest>(std::move(request.message));
            message->set_model_name(route.model);
            message->set_model_version(route.version);
            return transport::Prepared(method, std::move(message), memory);
          }};
}

transport::BodyDecoding OipExchange::SmallDecoding() {
  const bool changes =
      route_.operation == Operation::kRepositoryLoad || route_.operation == Operation::kRepositoryUnload;
  const bool has_body = changes || route_.operation == Operation::kRepositoryIndex;
  return {.wire_bytes = body_.size(),
          .decoder = [route = route_, changes, has_body, json = std::move(body_.head()),
                      coding = transport::ContentCoding(exchange_.head().headers)](
                         const Method& method, DecodeMemory& memory,
                         const std::stop_token& stop) mutable -> absl::StatusOr<MessagePtr> {
            MessagePtr request = method.NewRequest();
            SetText(*request, changes ? "model_name" : "name", route.model);
            SetText(*request, "version", route.version);
            if (!has_body) return request;
            RETURN_IF_ERROR(transport::Unpack(json, coding, transport::Codings::kGzipAndDeflate, memory, stop));
            RETURN_IF_ERROR(ReadRepositoryRequest(json, *request));
            return request;
          }};
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

size_t OipExchange::AnswerBytes(const Message& message) const {
  if (route_.operation != Operation::kModelInfer) return rest::JsonAnswerBytes(message);
  const auto& response = static_cast<const ModelInferResponse&>(message);
  return response.ByteSizeLong() + JsonBytesMax(response, *form_);
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

bool OipExchange::IsLargeAnswer(const ModelInferResponse& response, bool gzip_all) const {
  size_t json = 0, all = 0;
  for (int i = 0; i < response.outputs_size() && i < response.raw_output_contents_size(); ++i) {
    const size_t bytes = response.raw_output_contents(i).size();
    all += bytes;
    if (!form_->IsBinary(response.outputs(i).name())) json += bytes;
  }
  return json > kChoreTensorBytes || (all > kChoreJsonBytes && gzip_all);
}

void OipExchange::End(Call&, const absl::Status& status) {
  body_.Release();
  if (!status.ok()) return SendProblem(status);
  if (response_ == nullptr) return SendEncoded({.first = std::move(json_)});
  SendInfer();
}

// What travels to a worker and back.
struct OipExchange::Parcel {
  std::unique_ptr<ModelInferResponse> response;
  AnswerForm form;
  bool gzip_json, gzip_all;
  Budget& budget;
  BudgetHold hold;
  Encoded encoded = {.status = NoMemoryFor("this response")};  // until it is there

  void Encode() {
    encoded = OipExchange::Encode(std::move(*response), form, gzip_json, gzip_all);
    response.reset();
    hold.Resize(budget, encoded.bytes());
  }
};

void OipExchange::SendInfer() {
  const std::string accepts = http::JoinedHeader(exchange_.head().headers, "accept-encoding");
  const bool gzip_json = rest::WantsGzip(accepts, true);
  // Most clients say that they take gzip, and numbers hardly shrink: bytes are compressed for those who ask for nothing
  // else.
  const bool gzip_all = accepts == "gzip" || rest::WantsGzip(accepts, false);
  if (!IsLargeAnswer(*response_, gzip_all)) {
    return SendEncoded(Encode(std::move(*response_), *form_, gzip_json, gzip_all));
  }
  BudgetHold hold(context_.budget, AnswerBytes(*response_));
  Parcel parcel{.response = std::move(response_),
                .form = std::move(*form_),
                .gzip_json = gzip_json,
                .gzip_all = gzip_all,
                .budget = context_.budget,
                .hold = std::move(hold)};
  context_.chores.Post(call_->chore_owner(),
                       lifeline_.RoundTrip(
                           exchange_.loop(), std::move(parcel), [](Parcel& on_worker) { on_worker.Encode(); },
                           [this](Parcel back) {
                             back.hold = {};  // the exchange counts what it sends
                             SendEncoded(std::move(back.encoded));
                           }));
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
  std::string body = rest::ProblemJson(status, call_->request_id, call_->trace.TraceId());
  body.pop_back();
  body += ",\"error\":";
  json::AppendQuoted(ToStd(status.message()), body);
  body += "}";
  SendHead(HttpStatusOf(status), "application/json", body.size(), headers);
  exchange_.SendBody(std::move(body), true);
}

void OipExchange::SendHead(int status, std::string_view content_type, size_t bytes, Headers& headers) {
  headers.AddAll(call_->response_headers());
  rest::AddServerTiming(*call_, headers);
  headers.Add("content-type", content_type);
  headers.Add("content-length", StrCat(bytes));
  exchange_.SendHead(status, headers, false);
}

}  // namespace sluice::oip
