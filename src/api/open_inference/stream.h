// ModelStreamInfer: answers leave in the order of the requests; one that fails is answered with error_message and the stream
// goes on.
#pragma once

#include <deque>
#include <optional>

#include "api/open_inference/service.h"
#include "call/call.h"
#include "inference/grpc_service.pb.h"

namespace sluice {

class StreamInferHandler final : public CallHandler {
 public:
  StreamInferHandler(Call& call, const OpenInferenceContext& context);

  void OnMessage(MessagePtr message) override;
  void OnRequestEnd() override;
  void OnWritable() override { Flush(); }
  void OnDrain() override { Flush(); }
  void OnCancel() override;

 private:
  // A request in work, or answered and waiting for those before it.
  struct Pending {
    std::string id;
    Ticket ticket = 0;
    Loop::TimerId timer = 0;
    std::optional<inference::ModelStreamInferResponse> answer;
  };

  void Start(uint64_t number, inference::ModelInferRequest& request);
  // The first of {result, deadline} wins; later ones are ignored.
  void Answer(uint64_t number, absl::StatusOr<inference::ModelInferResponse> result);
  void Flush();
  Pending* Find(uint64_t number);

  Call& call_;
  const OpenInferenceContext context_;
  std::deque<Pending> pending_;
  uint64_t first_ = 0;  // number of pending_[0]
  bool ended_ = false;  // the client sent its last request
};

}  // namespace sluice
