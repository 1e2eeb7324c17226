// One gRPC call on one HTTP/2 stream: frames in → messages → Call; messages → frames out, trailers last.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "call/call.h"
#include "transport/backlog.h"
#include "transport/grpc/codec.h"
#include "transport/grpc/framing.h"
#include "transport/grpc/parse_message.h"
#include "transport/idle_timer.h"

namespace sluice::grpc {

class GrpcExchange : public http::ExchangeHandler, public CallPort {
 public:
  GrpcExchange(const CodecContext& context, http::Exchange& exchange);
  ~GrpcExchange() override;

  // Finds the method and makes the call, so that refusals are logged and counted too. A `refusal` ends it.
  void Open(const MethodTable& methods, const absl::Status& refusal);

  // --- http::ExchangeHandler ---
  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  void OnWritable() override {
    idle_.Moved();
    call_->Writable();
  }
  bool AwaitsBody() const override;
  void OnDrain() override { call_->Drain(); }
  void OnClosed(http::CloseReason reason) override;

  // --- CallPort ---
  size_t Write(const Message& message) override;
  size_t WriteLast(Message&& message) override;
  void End(Call& call, const absl::Status& status) override;
  void ReadMore() override;
  bool CanWrite() const override { return exchange_.UnsentBytes() < context_.response_buffer_bytes; }

 protected:
  // What gRPC-Web (transport/grpcweb) and Connect's streams (transport/connect) do in their own way.
  struct Wire {
    Protocol protocol = Protocol::kGrpc;
    const char* encoding = "grpc-encoding";  // the header fields that name a compression
    const char* accept_encoding = "grpc-accept-encoding";
    MessageForm form;
  };
  virtual Wire wire() const { return {}; }
  // Of the request: an error when it, or the method's kind, is not served.
  virtual absl::Status CheckType(std::string_view content_type, const Method& method);
  // Whether a frame may be sent piece by piece; not where it is encoded as a whole.
  virtual bool TakesPieces() const { return true; }
  virtual std::string_view answer_type() const { return "application/grpc"; }
  // An error without a message may be told by the head alone.
  virtual bool has_trailers_only() const { return true; }
  virtual void SendFrame(std::string frame) { exchange_.SendBody(std::move(frame), false); }
  virtual void SendTrailers(const Headers& trailers) { exchange_.SendTrailers(trailers); }
  virtual void SendStatus(Call& call, const absl::Status& status);
  // Appends the message as a frame holds it.
  virtual void Print(const Message& message, std::string& out) const { message.AppendToString(&out); }

  size_t response_buffer_bytes() const { return context_.response_buffer_bytes; }

  http::Exchange& exchange_;
  std::shared_ptr<Call> call_;

 private:
  void WatchIdle();
  void Begin(const Method& method, const absl::Status& refusal);
  absl::Status CheckRequest(const Method& method);
  // Decodes until the input or the handler's appetite ends; returns how many bytes were taken.
  size_t Decode(std::string_view bytes);
  absl::Status OnFrame(const Deframer::Frame& frame);
  // On a worker; the exchange takes no further frame until it is back.
  absl::Status ParseAsChore(const Deframer::Frame& frame);
  absl::Status OnParsed(absl::StatusOr<MessagePtr> parsed, BudgetHold hold, size_t wire_bytes);
  void HoldPartial();
  void HoldMessage(BudgetHold hold);
  void Resume();
  void MaybeEndRequest();
  void EndRequest();
  bool Blocked() const { return parsing_ || paused_ || (streaming_ && credits_ == 0); }
  void Pause();

  std::string Frame(const Message& message);
  void SendHead();

  const CodecContext& context_;
  Wire wire_;

  // Request.
  Deframer deframer_;
  MessagePtr request_;  // unary: waits for the end of the request
  size_t request_bytes_ = 0;
  transport::Backlog backlog_;  // bytes that came while the handler, or a worker, takes no message
  size_t credits_ = 1;          // messages that the handler takes
  bool streaming_ = false;      // the client streams
  bool parsing_ = false;        // a worker does
  bool paused_ = false;         // until the loop's next turn
  std::shared_ptr<GrpcExchange*> self_ = std::make_shared<GrpcExchange*>(this);  // the way back from a worker looks
  bool body_ended_ = false;
  bool request_ended_ = false;  // and everything of it was decoded
  bool gzip_request_ = false;
  transport::IdleTimer idle_;                 // of streams
  BudgetHold partial_;                        // a large message that is still coming
  absl::InlinedVector<BudgetHold, 1> holds_;  // messages that a stream's handler has

  // Response.
  std::string answer_;                      // unary: head, message and trailers leave together
  std::vector<std::string> answer_pieces_;  // large values behind it, not copied
  bool head_sent_ = false;
  bool gzip_response_ = false;
};

}  // namespace sluice::grpc
