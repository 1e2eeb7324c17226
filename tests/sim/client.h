// One call and its codec: opens it, tells the journal what comes back, may go away early.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ai/inference/image_recognition.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "call/call.h"
#include "inference/grpc_service.pb.h"
#include "pipeline/testing/simulation.h"
#include "tests/sim/sick_models.h"

namespace sluice::sim {

enum class Kind { kPicture, kTexts, kTensor, kStream };

struct Plan {
  Kind kind = Kind::kPicture;
  std::string model;
  std::vector<std::string> contents;
  std::string client_ip = "10.0.0.1";
  std::string work_class = {};
  std::string timeout_s = {};
  std::string request_id = {};
};

class Client final : public CallPort {
 public:
  Client(Simulation& simulation, Journal& journal, Plan plan)
      : loop_(simulation.loop), journal_(journal), plan_(std::move(plan)) {
    if (!plan_.timeout_s.empty()) headers_.Add("x-request-timeout", plan_.timeout_s);
    if (!plan_.work_class.empty()) headers_.Add("x-sluice-class", plan_.work_class);
    if (!plan_.request_id.empty()) headers_.Add("x-request-id", plan_.request_id);
    for (const std::string& content : plan_.contents) journal_.Began(content);
    call_ = Call::Create({.method = simulation.methods.Find(PathOf(plan_.kind)),
                          .headers = &headers_,
                          .client_ip = plan_.client_ip,
                          .arrived = loop_.Now()},
                         loop_, simulation.chain, *this);
    call_->Begin();
    if (call_->done()) return;
    if (plan_.kind != Kind::kStream) {
      Deliver(Request(plan_.contents));
      if (!call_->done()) call_->RequestEnd();
    } else {
      More();
    }
  }
  ~Client() override {
    if (!over_) Over();
    call_->Detach();
  }

  bool over() const { return over_; }
  // It is over, and the server had no room for it.
  bool refused() const { return over_ && refused_; }
  // It does not want it any more.
  void GoAway() {
    if (over_) return;
    Over();
    call_->Cancel();
  }
  void Drain() {
    if (!over_) call_->Drain();
  }

 private:
  static std::string PathOf(Kind kind) {
    switch (kind) {
      case Kind::kPicture: return "/ai.inference.ImageRecognition/Recognize";
      case Kind::kTexts: return "/ai.inference.TextClassification/Classify";
      case Kind::kTensor: return "/inference.GRPCInferenceService/ModelInfer";
      case Kind::kStream: return "/ai.inference.ImageRecognition/StreamRecognize";
    }
    return {};
  }
  MessagePtr Request(const std::vector<std::string>& contents) const {
    if (plan_.kind == Kind::kTexts) {
      auto request = std::make_unique<ai::inference::ClassifyRequest>();
      request->set_model_id(plan_.model);
      for (const std::string& content : contents) request->add_texts(content);
      return request;
    }
    if (plan_.kind == Kind::kTensor) {
      auto request = std::make_unique<inference::ModelInferRequest>();
      request->set_model_name(plan_.model);
      auto& input = *request->add_inputs();
      input.set_name("input");
      input.set_datatype("UINT8");
      input.add_shape(static_cast<int64_t>(contents[0].size()));
      request->add_raw_input_contents(contents[0]);
      return request;
    }
    auto request = std::make_unique<ai::inference::RecognizeRequest>();
    request->set_model_id(plan_.model);
    request->set_image(contents[0]);
    return request;
  }
  void Deliver(MessagePtr message) {
    const size_t bytes = message->ByteSizeLong();
    call_->Deliver(std::move(message), bytes);
  }
  // A stream's messages, as far as the handler asks for them.
  void More() {
    while (plan_.kind == Kind::kStream && credit_ > 0 && sent_ < plan_.contents.size() && !call_->done()) {
      --credit_;
      Deliver(Request({plan_.contents[sent_++]}));
      if (sent_ == plan_.contents.size() && !call_->done()) call_->RequestEnd();
    }
  }

  size_t Write(const Message& message) override {
    if (ended_) journal_.Break("a message after the end of its call");
    const bool replayed = call_->response_headers().Find("idempotent-replayed").has_value();
    const auto answered = [&](const std::string& content, const std::string& answer) {
      journal_.Answered(content, answer, replayed, loop_.clock().Now());
    };
    if (plan_.kind == Kind::kTexts) {
      const auto& answer = static_cast<const ai::inference::ClassifyResponse&>(message);
      for (int i = 0; i < answer.results_size(); ++i)
        answered(plan_.contents[static_cast<size_t>(i)], answer.results(i).label());
    } else if (plan_.kind == Kind::kTensor) {
      answered(plan_.contents[0], static_cast<const inference::ModelInferResponse&>(message).raw_output_contents(0));
    } else {
      const auto& answer = static_cast<const ai::inference::RecognizeResponse&>(message);
      if (!answer.has_error()) answered(plan_.contents[written_], answer.labels(0).label());
    }
    ++written_;
    return message.ByteSizeLong();
  }
  void End(Call&, const absl::Status& status) override {
    if (ended_++ > 0) journal_.Break("a call ended twice");
    refused_ = !status.ok() && ReasonOf(status) == Reason::OVERLOADED;
    const size_t wanted = plan_.kind == Kind::kStream ? sent_ : 1;
    if (status.ok() && written_ != wanted)
      journal_.Break(StrCat("a call ended well with ", written_, " answers of ", wanted));
    if (!over_) Over();
  }
  void ReadMore() override {
    ++credit_;
    // Not from inside the handler.
    loop_.Post([this, alive = std::weak_ptr(alive_)] {
      if (alive.lock() != nullptr && !over_) More();
    });
  }
  void Over() {
    over_ = true;
    for (const std::string& content : plan_.contents) journal_.Ended(content, loop_.clock().Now());
  }

  FakeLoop& loop_;
  Journal& journal_;
  const Plan plan_;
  Headers headers_;
  std::shared_ptr<Call> call_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  int credit_ = 1, ended_ = 0;
  bool refused_ = false;
  size_t sent_ = 0, written_ = 0;
  bool over_ = false;
};

}  // namespace sluice::sim
