// A use of a model from Submit to its end, in simulated time: the real task `tensor` over the identity engine.
#include "pipeline/pipeline.h"

#include <gtest/gtest.h>

#include "ai/inference/image_recognition.pb.h"
#include "call/unary.h"
#include "pipeline/tensor/task.h"
#include "pipeline/testing/simulated_call.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;
using std::chrono::milliseconds;

constexpr char kMethod[] = "ai.inference.ImageRecognition/Recognize";

// Proposes "spare" when "busy" refuses; notes what it is told.
class SpareLayer final : public AdmissionLayer {
 public:
  explicit SpareLayer(const AdmissionContext& context) : repository_(context.repository) {}
  std::string_view name() const override { return "spare"; }
  absl::StatusOr<ModelHandle> Propose(const ModelUse& use, const absl::Status& why) override {
    if (why.ok() || use.model_id != "busy" || use.model->id() == "spare") return ModelHandle();
    return repository_.Resolve("spare");
  }
  absl::Status Enter(ModelUse& use) override {
    entered.push_back(use.model->id());
    seen = {.key_id = use.key_id, .work_class = use.work_class, .trace = use.trace};
    if (use.degraded) use.headers.Add("x-degraded", use.model->name());
    return absl::OkStatus();
  }
  void Leave(ModelUse& use, const absl::Status& outcome, const JobTimes& times) noexcept override {
    left.push_back(use.model->id() + (outcome.ok() ? "" : "!"));
    last = times;
  }

  std::vector<std::string> entered, left;
  ModelUse seen;
  JobTimes last;

 private:
  const Repository& repository_;
};

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() {
    std::vector<std::unique_ptr<ModelTask>> tasks;
    tasks.push_back(std::make_unique<TensorTask>(clock_));
    simulation_ = std::make_unique<Simulation>(Simulation::Options{
        .tasks = std::move(tasks),
        .models = {{"busy", "max_batch: 4\nqueue: {max_items: 4}"}, {"spare", "queue: {max_items: 2}"}},
        .layer = [this](const AdmissionContext& context) {
          auto layer = std::make_unique<SpareLayer>(context);
          layer_ = layer.get();
          return layer;
        }});
    const auto* service = RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    simulation_->methods.Add(
        service->FindMethodByName("Recognize"),
        Unary<RecognizeRequest>([this](std::shared_ptr<Call> call, std::unique_ptr<RecognizeRequest> request) {
          Handle(call, request->model_id(), request->image());
        }));
  }

  // Sends `bytes` through the model. Their name is the input's; "wrong" is none.
  void Handle(const std::shared_ptr<Call>& call, const std::string& model, const std::string& bytes) {
    TensorInput input;
    input.inputs.push_back({.name = bytes == "wrong" ? "wrong" : "input",
                            .dtype = DType::kUint8,
                            .shape = {static_cast<int64_t>(bytes.size())},
                            .data = bytes});
    call->work_class = WorkClass::kBatch;
    call->trace.trace_low = 0xa3ce929d0e0e4736;
    const auto ticket = simulation_->pipeline.Submit<TensorInput, Tensors>(
        *call, {.model_id = model, .deadline = call->deadline()}, kTensor, std::move(input),
        [call](absl::StatusOr<Tensors> outputs, const JobReport& report) {
          AddTimes(report, *call);
          if (!outputs.ok()) return call->Fail(outputs.status());
          RecognizeResponse answer;
          answer.set_id(outputs->front().data);
          call->Reply(answer);
        });
    if (!ticket.ok()) return call->Fail(ticket.status());
    call->OnFailure([this, ticket = *ticket] { simulation_->pipeline.Cancel(ticket); });
  }

  std::unique_ptr<SimulatedCall> Ask(const std::string& bytes, const std::string& model = "busy") {
    auto call = std::make_unique<SimulatedCall>(*simulation_, kMethod);
    RecognizeRequest request;
    request.set_model_id(model);
    request.set_image(bytes);
    call->Send(request);
    return call;
  }
  std::string AnswerOf(const SimulatedCall& call) const {
    return call.answers.empty() ? call.outcome() : call.Answer<RecognizeResponse>(0).id();
  }
  static std::vector<std::string> UsesOf(SimulatedCall& call) {
    std::vector<std::string> models;
    for (const CallUse& use : call.call().uses) models.push_back(use.model_id);
    return models;
  }
  void Advance(int ms) { simulation_->loop.Advance(milliseconds(ms)); }

  const FakeClock clock_;  // of the task: its runs take no time
  SpareLayer* layer_ = nullptr;
  std::unique_ptr<Simulation> simulation_;
};

TEST_F(PipelineTest, AUseIsEnteredQueuedComputedAndLeftWithItsTimes) {
  const auto runs = Ask("a"), waits = Ask("b");
  const TimePoint offered = simulation_->loop.Now();
  Advance(20);
  EXPECT_EQ(AnswerOf(*runs), "a");
  EXPECT_EQ(AnswerOf(*waits), "b");
  EXPECT_EQ(layer_->left, (std::vector<std::string>{"busy", "busy"}));
  EXPECT_EQ(layer_->last.queue.began, offered);
  EXPECT_EQ(layer_->last.queue.ended, offered + milliseconds(10));
  EXPECT_EQ(layer_->last.infer.began, clock_.Now());
}

TEST_F(PipelineTest, TheLayersAreToldWhoseWorkItIs) {
  const auto call = Ask("a");
  EXPECT_EQ(layer_->seen.work_class, WorkClass::kBatch);
  EXPECT_EQ(layer_->seen.trace.trace_low, 0xa3ce929d0e0e4736);
  EXPECT_EQ(layer_->seen.key_id, call->call().key_id);
}

TEST_F(PipelineTest, ABadItemOfABatchFailsAlone) {
  simulation_->scheduler.batch_time = milliseconds(2);  // so that three are expected to fit into a batch
  const auto runs = Ask("runs");
  const auto one = Ask("one"), wrong = Ask("wrong"), two = Ask("two");
  Advance(4);
  EXPECT_EQ(AnswerOf(*runs), "runs");
  EXPECT_EQ(AnswerOf(*one), "one");
  EXPECT_EQ(AnswerOf(*wrong), "INVALID_REQUEST");
  EXPECT_EQ(AnswerOf(*two), "two");
}

TEST_F(PipelineTest, WhatAFullQueueRefusesGoesToTheNextCandidateWithItsInput) {
  std::vector<std::unique_ptr<SimulatedCall>> calls;
  while (layer_->entered.empty() || layer_->entered.back() == "busy") calls.push_back(Ask("some bytes"));
  EXPECT_EQ(layer_->left.back(), "busy!");
  Advance(100);
  for (const auto& call : calls) EXPECT_EQ(AnswerOf(*call), "some bytes");
  EXPECT_EQ(calls.back()->call().response_headers().Get("x-degraded"), "spare@1");
  EXPECT_FALSE(calls.front()->call().response_headers().Find("x-degraded"));
  EXPECT_EQ(UsesOf(*calls.front()), std::vector<std::string>{"busy"});
  EXPECT_EQ(UsesOf(*calls.back()), std::vector<std::string>{"spare"}) << "it counts once";
}

TEST_F(PipelineTest, WhatNoCandidateTakesCountsForTheOneThatWasAskedFor) {
  std::vector<std::unique_ptr<SimulatedCall>> calls;
  while (calls.empty() || calls.back()->outcome().empty()) calls.push_back(Ask("some bytes"));
  EXPECT_EQ(layer_->left.back(), "spare!");
  EXPECT_EQ(calls.back()->outcome(), "OVERLOADED");
  EXPECT_EQ(UsesOf(*calls.back()), std::vector<std::string>{"busy"});
}

TEST_F(PipelineTest, AJobThatIsCancelledBeforeItRanLeavesTheLayers) {
  const auto runs = Ask("runs"), waits = Ask("waits");
  waits->call().Cancel();
  simulation_->loop.Run();
  EXPECT_EQ(layer_->left, std::vector<std::string>{"busy!"});
  Advance(10);
  EXPECT_EQ(layer_->left, (std::vector<std::string>{"busy!", "busy"}));
}

TEST_F(PipelineTest, AServerThatStopsEndsEveryUse) {
  const auto runs = Ask("runs"), waits = Ask("waits");
  simulation_->scheduler.Shutdown();
  simulation_->loop.Run();
  EXPECT_EQ(layer_->left.size(), 2u);
  EXPECT_EQ(AnswerOf(*waits), "SHUTTING_DOWN");
}

}  // namespace
}  // namespace sluice
