#include "transport/websocket/exchange.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "base/error.h"
#include "base/strings.h"
#include "call/stream_resume.h"
#include "json/writer.h"
#include "transport/new_call.h"
#include "transport/parse_proto.h"
#include "transport/rest/answer.h"
#include "transport/rest/decode_request.h"
#include "transport/websocket/close_code.h"

namespace sluice::websocket {
WebSocketExchange::~WebSocketExchange() {
  if (call_ != nullptr) call_->Detach();
}

void WebSocketExchange::Start(const Method& method) {
  call_ = transport::NewCall(exchange_, method, Protocol::kWebSocket, context_, *this);
  feed_.emplace(call_, context_.budget, context_.chores, context_.options.message_bytes_max, [this] {
    if (socket_) socket_->Resume();
  });
  if (absl::Status handshake = CheckHandshake(); !handshake.ok()) return call_->Refuse(std::move(handshake));
  call_->Begin();
  if (!call_->done()) Accept();
}

absl::Status WebSocketExchange::CheckHandshake() const {
  const http::RequestHead& head = exchange_.head();
  if (head.upgrade != "websocket") {
    return Error(Reason::INVALID_REQUEST, "this path is a WebSocket; connect with ws:// or wss://");
  }
  if (head.headers.Get("sec-websocket-version") != "13") {
    call_->response_headers().Add("sec-websocket-version", "13");
    return FieldError(Reason::INVALID_REQUEST, "sec-websocket-version", "Sec-WebSocket-Version must be 13");
  }
  std::string key;
  if (head.version == http::Version::kHttp11 &&
      (!absl::Base64Unescape(ToAbsl(head.headers.Get("sec-websocket-key")), &key) || key.size() != 16)) {
    return FieldError(Reason::INVALID_REQUEST, "sec-websocket-key", "Sec-WebSocket-Key must be 16 bytes in base64");
  }
  return absl::OkStatus();
}

void WebSocketExchange::Accept() {
  exchange_.SendHead(101, call_->response_headers(), false);
  const SocketOptions options{.message_bytes_max = feed_->message_bytes_max(),
                              .ping_interval = context_.options.websocket_ping,
                              .pong_timeout = context_.options.websocket_pong,
                              .idle_timeout = context_.options.websocket_idle};
  socket_.emplace(exchange_, context_.budget, options, static_cast<SocketEvents&>(*this));
}

// --- request ---

void WebSocketExchange::OnBody(std::string_view bytes) {
  if (socket_) return socket_->OnBody(bytes);
  exchange_.ConsumeBody(bytes.size());
}

void WebSocketExchange::OnBodyEnd() {
  if (socket_) socket_->OnBodyEnd();
}

void WebSocketExchange::OnMessage(Opcode kind, std::string payload) {
  if (call_->done()) return;
  kind_ = kind;
  const bool text = kind == Opcode::kText;
  const bool chore = text ? payload.size() > rest::kChoreBytes : transport::IsLongToParse(call_->method(), payload);
  feed_->Take(payload, text ? rest::ParseJson : transport::ParseProto, chore);
}

// The client leaves. With nothing in progress that is a good end; otherwise what is in progress has lost its reader.
void WebSocketExchange::OnEnd(bool broken) {
  if (!broken) feed_->End();
  if (!call_->done()) call_->Cancel();
}

// What was accepted is answered; the client may connect again, elsewhere.
void WebSocketExchange::OnDrain() {
  leaving_ = true;
  call_->Drain();
  if (!call_->done()) feed_->End();
}

void WebSocketExchange::OnNoMemory() { call_->Fail(BudgetUsedUp()); }

void WebSocketExchange::OnClosed(http::CloseReason reason) {
  transport::EndCall(*call_, reason);
  socket_.reset();
}

// --- response ---

size_t WebSocketExchange::Write(const Message& message) {
  if (!socket_) Accept();  // a handler that speaks first
  std::string payload;
  if (kind_ == Opcode::kText) {
    json::MessageToJson(message, payload);
  } else {
    message.SerializeToString(&payload);
  }
  return socket_->Send(kind_, std::move(payload));
}

void WebSocketExchange::End(Call& call, const absl::Status& status) {
  if (!socket_ && !status.ok()) return rest::SendProblem(exchange_, call, status, {}, SIZE_MAX);
  if (!socket_) Accept();
  socket_->Close(CloseCodeOf(status, leaving_),
                 CloseReasonOf(status, leaving_, call.response_trailers().Get(kLastSequence)));
}

}  // namespace sluice::websocket
