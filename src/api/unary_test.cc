// What every unary call of a model promises, in simulated time.
#include <gtest/gtest.h>

#include "api/testing/services.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class UnaryTest : public testing::TestWithParam<ItemMethod> {
 protected:
  std::unique_ptr<SimulatedCall> Open(std::string_view timeout_s = {}) {
    return std::make_unique<SimulatedCall>(*simulation_, GetParam().name, timeout_s);
  }
  std::unique_ptr<SimulatedCall> Ask(const std::string& content, std::string_view timeout_s = {}) {
    auto call = Open(timeout_s);
    call->Send(*GetParam().request(content));
    return call;
  }
  // The outcome and what came back.
  std::string AnswerOf(const SimulatedCall& call) const {
    return call.answers.empty() ? call.outcome() : call.outcome() + " " + GetParam().answer(*call.answers[0]);
  }
  // The next call finds an idle worker.
  void ExpectIdle() {
    EXPECT_EQ(simulation_->scheduler.waiting(), 0u);
    simulation_->scheduler.batch_time = milliseconds(10);
    const auto next = Ask("next");
    simulation_->loop.Advance(milliseconds(10));
    EXPECT_EQ(AnswerOf(*next), "OK next");
  }

  std::unique_ptr<ServedSimulation> simulation_ = std::make_unique<ServedSimulation>();
};

TEST_P(UnaryTest, AGoodCallIsAnsweredWithItsResultAndKnowsItsTimes) {
  const auto first = Ask("one"), second = Ask("two");
  simulation_->loop.Advance(milliseconds(10));
  EXPECT_EQ(AnswerOf(*first), "OK one");
  EXPECT_EQ(AnswerOf(*second), "");
  simulation_->loop.Advance(milliseconds(10));
  EXPECT_EQ(AnswerOf(*second), "OK two");
  Call& call = second->call();
  EXPECT_EQ(call.LatencyMs(), 20);
  ASSERT_EQ(call.uses.size(), 1u);
  EXPECT_EQ(call.uses[0].model_version, "1");
  EXPECT_EQ(call.uses[0].queue_ms, 10);
}

TEST_P(UnaryTest, ABadRequestIsRefusedAtOnce) {
  const auto call = Ask("");
  EXPECT_TRUE(call->outcome().starts_with("INVALID_")) << call->outcome();
  EXPECT_FALSE(FieldOf(call->call().outcome()).empty());
  ExpectIdle();
}

TEST_P(UnaryTest, WhatTheModelCannotReadEndsTheCallWithItsReason) {
  const auto call = Ask("broken");
  simulation_->loop.Advance(milliseconds(10));
  EXPECT_EQ(AnswerOf(*call), "INVALID_IMAGE");
  ExpectIdle();
}

TEST_P(UnaryTest, AFullQueueRefusesAndTheOthersAreAnswered) {
  simulation_ = nullptr;
  simulation_ = std::make_unique<ServedSimulation>(FakeModels(/*queue_max=*/1));
  const auto runs = Ask("runs"), waits = Ask("waits"), refused = Ask("refused");
  EXPECT_EQ(AnswerOf(*refused), "OVERLOADED");
  EXPECT_TRUE(RetryAfterOf(refused->call().outcome()));
  simulation_->loop.Advance(milliseconds(20));
  EXPECT_EQ(AnswerOf(*runs), "OK runs");
  EXPECT_EQ(AnswerOf(*waits), "OK waits");
}

TEST_P(UnaryTest, TheDeadlineEndsACallThatRunsAndItsJob) {
  simulation_->scheduler.batch_time = seconds(60);
  const auto call = Ask("slow", "0.5");
  simulation_->loop.Advance(milliseconds(499));
  EXPECT_EQ(call->outcome(), "");
  simulation_->loop.Advance(milliseconds(1));
  EXPECT_EQ(AnswerOf(*call), "DEADLINE_EXCEEDED");
  ExpectIdle();
}

TEST_P(UnaryTest, TheDeadlineEndsACallThatWaitsAndItsJob) {
  simulation_->scheduler.batch_time = seconds(1);
  const auto runs = Ask("runs"), waits = Ask("waits", "0.5");
  simulation_->loop.Advance(milliseconds(500));
  EXPECT_EQ(AnswerOf(*waits), "DEADLINE_EXCEEDED");
  EXPECT_EQ(simulation_->scheduler.waiting(), 0u);
  simulation_->loop.Advance(milliseconds(500));
  EXPECT_EQ(AnswerOf(*runs), "OK runs");
}

TEST_P(UnaryTest, AClientThatGoesTakesItsJobAlong) {
  simulation_->scheduler.batch_time = seconds(60);
  const auto runs = Ask("runs"), waits = Ask("waits");
  waits->call().Cancel();
  EXPECT_EQ(simulation_->scheduler.waiting(), 0u);
  simulation_->loop.Advance(milliseconds(10));
  runs->call().Cancel();
  simulation_->loop.Advance(milliseconds(0));
  EXPECT_EQ(AnswerOf(*runs), "CANCELLED");
  ExpectIdle();
}

TEST_P(UnaryTest, AJobThatIsLostEndsItsCall) {
  const auto call = Ask("lost");
  simulation_->loop.Advance(milliseconds(10));
  EXPECT_EQ(AnswerOf(*call), "INTERNAL");
  ExpectIdle();
}

TEST_P(UnaryTest, AModelThatIsUnloadedFinishesWhatItTook) {
  const auto runs = Ask("runs"), waits = Ask("waits");
  for (const ModelInfo& model : simulation_->catalog.List()) {
    ASSERT_TRUE(
        simulation_->catalog.Unload(model.id, {}, [](const absl::Status& done) { EXPECT_TRUE(done.ok()); }).ok());
  }
  simulation_->loop.Advance(milliseconds(20));
  EXPECT_EQ(AnswerOf(*runs), "OK runs");
  EXPECT_EQ(AnswerOf(*waits), "OK waits");
  EXPECT_EQ(AnswerOf(*Ask("late")), "MODEL_UNAVAILABLE");
}

TEST_P(UnaryTest, AServerThatStopsEndsWhatWaits) {
  const auto runs = Ask("runs"), waits = Ask("waits");
  simulation_->scheduler.Shutdown();
  simulation_->loop.Run();
  EXPECT_EQ(AnswerOf(*runs), "CANCELLED");
  EXPECT_EQ(AnswerOf(*waits), "SHUTTING_DOWN");
}

INSTANTIATE_TEST_SUITE_P(
    Methods, UnaryTest,
    testing::Values(ItemMethod{"Recognize", "ai.inference.ImageRecognition/Recognize", RecognizeItem, RecognizedItem},
                    ItemMethod{"Classify", "ai.inference.TextClassification/Classify", ClassifyItem, ClassifiedItem},
                    ItemMethod{"Analyze", "ai.inference.Multimodal/Analyze", AnalyzeItem, AnalyzedItem},
                    ItemMethod{"ModelInfer", "inference.GRPCInferenceService/ModelInfer", InferItem, InferredItem}),
    [](const auto& info) { return info.param.title; });

}  // namespace
}  // namespace sluice
