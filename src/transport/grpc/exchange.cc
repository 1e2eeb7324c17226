#include "transport/grpc/exchange.h"

#include <utility>

#include "base/error.h"
#include "base/long_turn.h"
#include "base/strings.h"
#include "base/text.h"
#include "transport/content_coding.h"
#include "transport/exposed.h"
#include "transport/grpc/large_fields.h"
#include "transport/grpc/status.h"
#include "transport/gzip.h"
#include "transport/new_call.h"

namespace sluice::grpc {
namespace {

absl::Status WrongMessageCount(std::string_view what) {
  return Error(Reason::PROTOCOL_ERROR, StrCat("this rpc expects exactly one request message; ", what));
}

}  // namespace

GrpcExchange::GrpcExchange(const transport::Context& context, const Wire& wire, http::Exchange& exchange)
    : context_(context),
      wire_(wire),
      exchange_(exchange),
      deframer_(context.options.message_bytes_max),
      backlog_(exchange, [this](std::string_view bytes) { return Decode(bytes); }) {}

GrpcExchange::~GrpcExchange() {
  if (call_ != nullptr) call_->Detach();
}

void GrpcExchange::Start() {
  const http::RequestHead& head = exchange_.head();
  const Method* const method = context_.methods.Find(head.path);
  if (method == nullptr || !transport::IsExposed(*method, head.peer.exposed)) {
    MakeCall(UnknownMethod());
    return RefuseCall(
        Error(Reason::METHOD_NOT_FOUND, StrCat("no rpc ", Excerpt(head.path), "; list them with gRPC reflection")));
  }
  MakeCall(*method);
  if (absl::Status status = CheckRequest(*method); !status.ok()) return RefuseCall(std::move(status));
  call_->Begin();
  if ((method->client_streaming || method->server_streaming) && !method->may_be_idle && !call_->done()) WatchIdle();
}

void GrpcExchange::Refuse(absl::Status refusal) {
  const Method* const method = context_.methods.Find(exchange_.head().path);
  MakeCall(method == nullptr ? UnknownMethod() : *method);
  RefuseCall(std::move(refusal));
}

void GrpcExchange::MakeCall(const Method& method) {
  streaming_ = method.client_streaming;
  deframer_.Limit(method.request_bytes_max);
  if (method.descriptor != nullptr && wire_.form.protobuf) deframer_.SplitBy(*method.descriptor->input_type());
  call_ = transport::NewCall(exchange_, method, wire_.protocol, context_, *this);
}

// What follows is no stream of messages for anybody.
void GrpcExchange::RefuseCall(absl::Status refusal) {
  streaming_ = false;
  call_->Refuse(std::move(refusal));
}

void GrpcExchange::WatchIdle() {
  const auto busy = [this] { return parsing_ || exchange_.UnsentBytes() > 0; };
  idle_.Start(exchange_.loop(), context_.options.stream_idle, busy,
              [this] { call_->Fail(Error(Reason::REQUEST_TIMEOUT, "the stream was idle for too long")); });
}

absl::Status GrpcExchange::CheckRequest(const Method& method) {
  const Headers& headers = exchange_.head().headers;
  const std::string_view type = headers.Get("content-type");
  RETURN_IF_ERROR(wire_.check(type.substr(0, type.find(';')), method));
  const std::string_view encoding = headers.Get(wire_.encoding);
  gzip_request_ = encoding == "gzip";
  if (transport::IsCoded(encoding) && !gzip_request_) {
    call_->response_headers().Add(wire_.accept_encoding, "identity,gzip");
    return Error(Reason::UNSUPPORTED_ENCODING,
                 StrCat(wire_.encoding, " ", Excerpt(encoding, 40), " is not supported; use identity or gzip"));
  }
  gzip_response_ = context_.options.grpc_gzip_bytes_min > 0 &&
                   headers.Get(wire_.accept_encoding).find("gzip") != std::string_view::npos;
  return absl::OkStatus();
}

// --- request ---

void GrpcExchange::OnBody(std::string_view bytes) { backlog_.OnBody(bytes); }

size_t GrpcExchange::Decode(std::string_view bytes) {
  if (call_->done()) return bytes.size();
  std::string_view rest = bytes;
  idle_.Moved();
  while (!rest.empty() && !Blocked() && !call_->done()) {
    Deframer::Frame frame;
    auto complete = deframer_.Next(rest, frame);
    absl::Status status = complete.status();
    if (status.ok() && *complete) status = OnFrame(frame);
    if (!status.ok()) call_->Fail(std::move(status));
    if (!rest.empty() && TurnIsLong(exchange_.loop())) Pause();
  }
  HoldPartial();
  return call_->done() ? bytes.size() : bytes.size() - rest.size();
}

// Ten thousand empty messages may come in one read.
void GrpcExchange::Pause() {
  if (std::exchange(paused_, true)) return;
  exchange_.loop().Post(lifeline_.Bind([this] {
    paused_ = false;
    Resume();
  }));
}

absl::Status GrpcExchange::OnFrame(const Deframer::Frame& frame) {
  if (!streaming_ && request_ != nullptr) return WrongMessageCount("this call has more");
  if (IsChore(call_->method(), frame, wire_.form)) return ParseAsChore(frame);
  BudgetHold hold;
  DecodeMemory memory(context_.budget, hold, deframer_.message_bytes_max());
  auto parsed = ParseMessage(call_->method(), frame, wire_.form, gzip_request_, memory);
  return OnParsed(std::move(parsed), std::move(hold), frame.wire_bytes);
}

absl::Status GrpcExchange::OnParsed(absl::StatusOr<MessagePtr> parsed, BudgetHold hold, size_t wire_bytes) {
  if (!parsed.ok()) return parsed.status();
  HoldMessage(std::move(hold));
  if (streaming_) {
    --credits_;
    call_->Deliver(*std::move(parsed), wire_bytes);
  } else {
    request_ = *std::move(parsed);
    request_bytes_ = wire_bytes;
  }
  return absl::OkStatus();
}

// Bytes are given back to flow control when they are copied, so that a message may be larger than the window. What they
// become stays charged to the budget: here until the message is complete, then until the call's last job is done with
// it, or until a stream's handler asks for one more.
void GrpcExchange::HoldPartial() {
  const size_t bytes = deframer_.mid_message() ? deframer_.buffered() : 0;
  partial_.Resize(context_.budget, bytes < Budget::kSmallBytes ? 0 : bytes);
}

void GrpcExchange::HoldMessage(BudgetHold hold) {
  if (streaming_) {
    holds_.push_back(std::move(hold));
  } else if (hold.bytes() > 0) {
    call_->Hold(std::make_shared<BudgetHold>(std::move(hold)));
  }
}

void GrpcExchange::ReadMore() {
  ++credits_;
  if (!holds_.empty()) holds_.erase(holds_.begin());
  Resume();
}

void GrpcExchange::Resume() {
  backlog_.Resume();
  MaybeEndRequest();
}

void GrpcExchange::OnBodyEnd() {
  body_ended_ = true;
  MaybeEndRequest();
}

void GrpcExchange::MaybeEndRequest() {
  if (body_ended_ && backlog_.empty() && !parsing_ && !std::exchange(request_ended_, true)) EndRequest();
}

void GrpcExchange::EndRequest() {
  if (call_->done()) return;
  if (deframer_.mid_message()) {
    return call_->Fail(Error(Reason::PROTOCOL_ERROR, "the request ended inside a message"));
  }
  if (!streaming_) {
    if (request_ == nullptr) return call_->Fail(WrongMessageCount("this call has none"));
    call_->Deliver(std::move(request_), request_bytes_);
  }
  call_->RequestEnd();
}

bool GrpcExchange::AwaitsBody() const {
  return !call_->done() && (!streaming_ || (deframer_.mid_message() && backlog_.empty()));
}

void GrpcExchange::OnNoMemory() { call_->Fail(BudgetUsedUp()); }

void GrpcExchange::OnClosed(http::CloseReason reason) {
  transport::EndCall(*call_, reason);
  holds_.clear();
}

// --- response ---

std::string GrpcExchange::Frame(const Message& message) {
  std::string frame(kFrameHeaderBytes, '\0');
  wire_.print(message, frame);
  const bool compress = gzip_response_ && frame.size() - kFrameHeaderBytes >= context_.options.grpc_gzip_bytes_min;
  if (compress) {
    std::string packed(kFrameHeaderBytes, '\0');
    transport::Deflate(std::string_view(frame).substr(kFrameHeaderBytes), packed);
    frame = std::move(packed);
  }
  PutFrameHeader(frame.data(), frame.size() - kFrameHeaderBytes, compress);
  return frame;
}

size_t GrpcExchange::Write(const Message& message) {
  std::string frame = Frame(message);
  const size_t bytes = frame.size();
  if (!call_->method().server_streaming) {
    answer_ = std::move(frame);
  } else {
    SendHead();
    idle_.Moved();
    exchange_.SendBody(std::move(frame), false);
  }
  return bytes;
}

size_t GrpcExchange::WriteLast(Message&& message) {
  if (!wire_.pieces || gzip_response_ || call_->method().server_streaming) return Write(message);
  answer_pieces_ = TakeLargeFields(message);
  if (answer_pieces_.empty()) return Write(message);
  size_t bytes = message.ByteSizeLong();
  for (const std::string& piece : answer_pieces_) bytes += piece.size();
  answer_.resize(kFrameHeaderBytes);
  PutFrameHeader(answer_.data(), bytes, /*compressed=*/false);
  message.AppendToString(&answer_);
  return kFrameHeaderBytes + bytes;
}

void GrpcExchange::SendHead() {
  if (std::exchange(head_sent_, true)) return;
  Headers& headers = call_->response_headers();
  headers.Add("content-type", wire_.answer_type);
  if (gzip_response_) headers.Add(wire_.encoding, "gzip");
  exchange_.SendHead(200, headers, false);
}

void GrpcExchange::End(Call& call, const absl::Status& status) {
  idle_.Stop();
  Headers& trailers = call.response_trailers();
  if (!status.ok() && !head_sent_ && wire_.trailers_only) {
    head_sent_ = true;
    Headers& headers = call.response_headers();
    headers.Add("content-type", wire_.answer_type);
    headers.AddAll(trailers);
    AddStatus(status, IdsOf(call), headers);
    exchange_.SendHead(200, headers, true);
    return;
  }
  SendHead();
  if (status.ok() && !answer_.empty()) exchange_.SendBody(std::move(answer_), false);
  for (std::string& piece : answer_pieces_) {
    if (status.ok() && !piece.empty()) exchange_.SendBody(std::move(piece), false);
  }
  wire_.send_status(exchange_, call, status);
}

}  // namespace sluice::grpc
