// One call whose messages travel in gRPC's frames: frames in → messages → Call; messages → frames out, the status last.
// What gRPC, gRPC-Web and Connect's streams do each in its own way is their Wire.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "base/lifeline.h"
#include "call/call.h"
#include "transport/backlog.h"
#include "transport/context.h"
#include "transport/grpc/framing.h"
#include "transport/grpc/wire.h"
#include "transport/idle_timer.h"

namespace sluice::grpc {

class GrpcExchange final : public http::ExchangeHandler, public CallPort {
 public:
  // All three outlive it.
  GrpcExchange(const transport::Context& context, const Wire& wire, http::Exchange& exchange);
  ~GrpcExchange() override;

  // One of them, once. Each finds the method and makes the call, so that refusals are logged and counted, too.
  void Start();
  void Refuse(absl::Status refusal);

  // For what stands around the exchange: the request cannot be read.
  void Fail(absl::Status status) { call_->Fail(std::move(status)); }
  bool done() const { return call_->done(); }

  // --- http::ExchangeHandler ---
  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  void OnWritable() override {
    idle_.Moved();
    call_->Writable();
  }
  bool AwaitsBody() const override;
  size_t KeptBytes() const override { return call_->kept_bytes(); }
  void OnDrain() override { call_->Drain(); }
  void OnNoMemory() override;
  void OnClosed(http::CloseReason reason) override;

  // --- CallPort ---
  size_t Write(const Message& message) override;
  size_t WriteLast(Message&& message) override;
  void End(Call& call, const absl::Status& status) override;
  void ReadMore() override;
  void HoldBack(Duration time) override { exchange_.HoldBack(time); }
  bool CanWrite() const override { return exchange_.UnsentBytes() < context_.options.response_buffer_bytes; }

 private:
  void MakeCall(const Method& method);
  void RefuseCall(absl::Status refusal);
  void WatchIdle();
  absl::Status CheckRequest(const Method& method);
  // Decodes until the input or the handler's appetite ends; returns how many bytes were taken.
  size_t Decode(std::string_view bytes);
  absl::Status OnFrame(const Deframer::Frame& frame);
  // On a worker (exchange_chore.cc); the exchange takes no further frame until it is back.
  struct Parcel;
  absl::Status ParseAsChore(const Deframer::Frame& frame);
  void OnParsedByWorker(Parcel parcel);
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

  const transport::Context& context_;
  const Wire& wire_;
  http::Exchange& exchange_;
  std::shared_ptr<Call> call_;
  Lifeline lifeline_;

  // Request.
  Deframer deframer_;
  MessagePtr request_;  // unary: waits for the end of the request
  size_t request_bytes_ = 0;
  transport::Backlog backlog_;  // bytes that came while the handler, or a worker, takes no message
  size_t credits_ = 1;          // messages that the handler takes
  bool streaming_ = false;      // the client streams
  bool parsing_ = false;        // a worker does
  bool paused_ = false;         // until the loop's next turn
  bool body_ended_ = false;
  bool request_ended_ = false;  // and everything of it was decoded
  bool gzip_request_ = false;
  transport::IdleTimer idle_;                 // of streams
  BudgetHold partial_;                        // a large message that is still coming
  absl::InlinedVector<BudgetHold, 1> holds_;  // messages that a stream's handler has

  // Response.
  std::string answer_;                      // unary: head, message and trailers leave together
  std::vector<std::string> answer_pieces_;  // large values that follow it, not copied
  bool head_sent_ = false;
  bool gzip_response_ = false;
};

}  // namespace sluice::grpc
