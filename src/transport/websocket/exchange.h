// One streaming call on one WebSocket. Until the handshake is accepted it is a plain HTTP request, and so are refusals;
// from then on the close code carries the call's status (close_code.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "call/call.h"
#include "transport/context.h"
#include "transport/rest/answer.h"
#include "transport/stream_feed.h"
#include "transport/websocket/socket.h"

namespace sluice::websocket {

class WebSocketExchange final : public http::ExchangeHandler, public CallPort, private SocketEvents {
 public:
  WebSocketExchange(const transport::Context& context, http::Exchange& exchange)
      : context_(context), exchange_(exchange) {}
  ~WebSocketExchange() override;

  // Once.
  void Start(const Method& method);

  // --- http::ExchangeHandler ---
  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  void OnWritable() override { call_->Writable(); }
  bool AwaitsBody() const override { return false; }  // the socket has limits of its own
  void OnDrain() override;
  void OnNoMemory() override;
  void OnClosed(http::CloseReason) override;

  // --- CallPort ---
  size_t AnswerBytes(const Message& message) const override { return rest::JsonAnswerBytes(message); }
  size_t Write(const Message& message) override;
  void End(Call& call, const absl::Status& status) override;
  void ReadMore() override { feed_->ReadMore(); }
  bool CanWrite() const override { return exchange_.UnsentBytes() < context_.options.response_buffer_bytes; }

 private:
  // --- SocketEvents ---
  bool WantsMessage() const override { return feed_->CanTake() || call_->done(); }
  void OnMessage(Opcode kind, std::string payload) override;
  void OnEnd(bool broken) override;

  absl::Status CheckHandshake() const;
  void Accept();

  const transport::Context& context_;
  http::Exchange& exchange_;
  std::shared_ptr<Call> call_;
  std::optional<transport::StreamFeed> feed_;
  std::optional<Socket> socket_;  // from the accepted handshake on
  Opcode kind_ = Opcode::kText;   // of answers: what the client last sent
  bool leaving_ = false;          // the connection drains
};

}  // namespace sluice::websocket
