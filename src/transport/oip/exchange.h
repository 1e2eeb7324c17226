// One request of the Open Inference Protocol over HTTP: body → message → Call, answer → JSON and bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "call/call.h"
#include "inference/grpc_service.pb.h"
#include "transport/oip/codec.h"
#include "transport/oip/infer_request.h"
#include "transport/oip/route.h"

namespace sluice::oip {

class OipExchange final : public http::ExchangeHandler, public CallPort {
 public:
  OipExchange(const CodecContext& context, http::Exchange& exchange) : context_(context), exchange_(exchange) {}
  ~OipExchange() override;

  // Makes the call, so that refusals are logged and counted too. A `refusal` ends it.
  void Begin(const Method& method, Route route, std::string allow, const absl::Status& refusal);

  // --- http::ExchangeHandler ---
  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  void OnDrain() override { call_->Drain(); }
  void OnClosed(http::CloseReason reason) override;

  // --- CallPort ---
  size_t Write(const Message& message) override;
  size_t WriteLast(Message&& message) override;
  void End(Call& call, const absl::Status& status) override;

 private:
  absl::Status CheckHead();
  std::string_view Header(std::string_view name) const { return exchange_.head().headers.Get(name); }
  void Decode();
  void DecodeInfer();
  void OnDecoded(absl::StatusOr<InferRequest> request, size_t wire_bytes);
  absl::StatusOr<MessagePtr> SmallRequest();
  void Deliver(absl::StatusOr<MessagePtr> request, size_t wire_bytes);

  struct Encoded;
  static Encoded Encode(inference::ModelInferResponse response, const AnswerForm& form, bool gzip_json, bool gzip_all);
  // Until encoding takes long, it is done at once.
  bool IsLargeAnswer(const inference::ModelInferResponse& response) const;
  void EncodeAsChore();
  void SendEncoded(Encoded encoded);
  void SendProblem(const absl::Status& status);
  void SendHead(int status, std::string_view content_type, size_t bytes, Headers& headers);

  const CodecContext& context_;
  http::Exchange& exchange_;
  Route route_;
  std::string allow_;  // the verb that this path is for, when it was another
  std::shared_ptr<Call> call_;
  // The way back from a worker looks here whether this exchange still is.
  std::shared_ptr<OipExchange*> self_ = std::make_shared<OipExchange*>(this);

  // Request. What lies behind `json_bytes_` goes to body_.tensors at once, so that a tensor is not moved again.
  std::shared_ptr<BudgetHold> hold_;
  size_t bytes_max_ = 0;  // of the body, sent or inflated
  InferBody body_;
  size_t json_bytes_ = SIZE_MAX;
  size_t announced_bytes_ = 0;

  // Answer.
  AnswerForm form_;
  int status_ = 200;
  std::string json_;                                         // of the small methods
  std::unique_ptr<inference::ModelInferResponse> response_;  // of ModelInfer, until it is encoded
};

}  // namespace sluice::oip
