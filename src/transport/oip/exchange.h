// One request of the Open Inference Protocol over HTTP: body → message → Call, answer → JSON and bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/lifeline.h"
#include "inference/grpc_service.pb.h"
#include "transport/body_exchange.h"
#include "transport/oip/infer_request.h"
#include "transport/oip/route.h"

namespace sluice::oip {

class OipExchange final : public transport::BodyExchange {
 public:
  OipExchange(const transport::Context& context, http::Exchange& exchange)
      : BodyExchange(context, exchange, Protocol::kOip) {}

  // One of them, once. Each makes the call, so that refusals are logged and counted, too. `allow`: the verb that the
  // path is for, when it was another.
  void Start(const Method& method, Route route);
  void Refuse(absl::Status refusal, std::string allow);

  void OnBodyEnd() override;
  size_t AnswerBytes(const Message& message) const override;
  size_t Write(const Message& message) override;
  size_t WriteLast(Message&& message) override;
  void End(Call& call, const absl::Status& status) override;

 private:
  std::string_view Header(std::string_view name) const { return exchange_.head().headers.Get(name); }
  // Where the JSON ends.
  absl::Status CheckHead();
  transport::BodyDecoding InferDecoding();
  // Of all other methods.
  transport::BodyDecoding SmallDecoding();

  struct Encoded;
  struct Parcel;
  static Encoded Encode(inference::ModelInferResponse response, const AnswerForm& form, bool gzip_json, bool gzip_all);
  // Until encoding takes long, it is done at once.
  bool IsLargeAnswer(const inference::ModelInferResponse& response, bool gzip_all) const;
  void SendInfer();
  void SendEncoded(Encoded encoded);
  void SendProblem(const absl::Status& status);
  void SendHead(int status, std::string_view content_type, size_t bytes, Headers& headers);

  Route route_;
  std::string allow_;
  size_t json_bytes_ = SIZE_MAX;  // of the body; the tensors are behind them
  Lifeline lifeline_;

  // Answer.
  const std::shared_ptr<AnswerForm> form_ =
      std::make_shared<AnswerForm>();  // the decoding request fills it, maybe on a worker
  int status_ = 200;
  std::string json_;                                         // of the small methods
  std::unique_ptr<inference::ModelInferResponse> response_;  // of ModelInfer, until it is encoded
};

}  // namespace sluice::oip
