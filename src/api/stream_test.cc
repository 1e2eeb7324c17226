// What every live stream (one answer for each message) promises, in simulated time.
#include <gtest/gtest.h>

#include "api/testing/services.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class StreamTest : public testing::TestWithParam<ItemMethod> {
 protected:
  void Open(size_t queue_max = 256, int workers = 1) {
    call_ = nullptr;
    simulation_ = nullptr;
    simulation_ = std::make_unique<ServedSimulation>(FakeModels(queue_max, workers));
    call_ = std::make_unique<SimulatedCall>(*simulation_, GetParam().name);
  }
  void Send(const std::string& content) { call_->Send(*GetParam().request(content)); }
  void Advance(Duration by) { simulation_->loop.Advance(by); }
  // What came back so far: "one two".
  std::string Answers() const {
    std::string all;
    for (const MessagePtr& answer : call_->answers) {
      if (!all.empty()) all += " ";
      std::string one = GetParam().answer(*answer);
      all += one[0] == '!' ? "!" : one;
    }
    return all;
  }
  std::string LastError() const { return GetParam().answer(*call_->answers.back()); }

  std::unique_ptr<ServedSimulation> simulation_;
  std::unique_ptr<SimulatedCall> call_;
};

TEST_P(StreamTest, EachMessageIsAnsweredAndTheStreamEndsAfterTheLast) {
  Open();
  Send("one");
  Advance(milliseconds(10));
  EXPECT_EQ(Answers(), "one");
  Send("two");
  call_->End();
  EXPECT_EQ(call_->outcome(), "");
  Advance(milliseconds(10));
  EXPECT_EQ(Answers(), "one two");
  EXPECT_EQ(call_->outcome(), "OK");
}

TEST_P(StreamTest, AnswersLeaveInTheOrderOfTheMessages) {
  Open(/*queue_max=*/256, /*workers=*/2);
  simulation_->scheduler.batch_time = milliseconds(50);
  Send("slow");
  simulation_->scheduler.batch_time = milliseconds(10);
  Send("quick");
  Advance(milliseconds(20));
  EXPECT_EQ(Answers(), "");
  Advance(milliseconds(30));
  EXPECT_EQ(Answers(), "slow quick");
}

TEST_P(StreamTest, AMessageThatFailsIsAnsweredInItsPlaceAndTheStreamGoesOn) {
  Open();
  for (const char* content : {"one", "", "broken"}) Send(content);
  Advance(milliseconds(20));
  EXPECT_EQ(Answers(), "one ! !");
  for (const char* content : {"lost", "two"}) Send(content);
  Advance(milliseconds(20));
  EXPECT_EQ(Answers(), "one ! ! ! two");
  EXPECT_EQ(call_->outcome(), "");
}

TEST_P(StreamTest, AMessageThatTheQueueRefusesIsAnsweredInItsPlace) {
  Open(/*queue_max=*/1);
  for (const char* content : {"runs", "waits", "refused"}) Send(content);
  Advance(milliseconds(20));
  EXPECT_EQ(Answers(), "runs waits !");
  EXPECT_NE(LastError().find("the queue of 1 is full"), std::string::npos) << LastError();
}

TEST_P(StreamTest, AMessageHasItsOwnDeadline) {
  Open();
  const Duration allowed = call_->call().method().default_deadline;
  simulation_->scheduler.batch_time = seconds(600);
  Send("slow");
  Advance(allowed / 2);
  Send("waits");
  Advance(allowed / 2 - milliseconds(1));
  EXPECT_EQ(Answers(), "");
  simulation_->scheduler.batch_time = milliseconds(10);
  Advance(milliseconds(1));
  EXPECT_EQ(Answers(), "!") << "its worker is free now";
  Advance(milliseconds(10));
  EXPECT_EQ(Answers(), "! waits");
}

TEST_P(StreamTest, NoMoreThanFourMessagesAreAskedForAhead) {
  Open();
  EXPECT_EQ(call_->credit, 4);
  for (const char* content : {"1", "2", "3", "4"}) Send(content);
  EXPECT_EQ(call_->credit, 0);
  Advance(milliseconds(10));
  EXPECT_EQ(call_->credit, 1);
}

TEST_P(StreamTest, AClientThatReadsSlowlyHoldsAnswersBack) {
  Open();
  for (const char* content : {"1", "2", "3", "4"}) Send(content);
  call_->SetWritable(false);
  Advance(milliseconds(40));
  EXPECT_EQ(Answers(), "");
  EXPECT_EQ(call_->credit, 0);
  call_->SetWritable(true);
  EXPECT_EQ(Answers(), "1 2 3 4");
}

TEST_P(StreamTest, AClientThatGoesTakesItsJobsAlong) {
  Open();
  simulation_->scheduler.batch_time = seconds(60);
  for (const char* content : {"runs", "waits"}) Send(content);
  call_->call().Cancel();
  EXPECT_EQ(simulation_->scheduler.waiting(), 0u);
  Advance(milliseconds(0));
  EXPECT_EQ(simulation_->scheduler.IdleWorkers(), 1u);
  EXPECT_EQ(simulation_->loop.timers(), 0u);
}

TEST_P(StreamTest, AServerThatDrainsAnswersWhatItTook) {
  Open();
  Send("one");
  simulation_->draining = true;
  call_->call().Drain();
  EXPECT_EQ(call_->outcome(), "");
  Advance(milliseconds(10));
  EXPECT_EQ(Answers(), "one");
  EXPECT_EQ(call_->outcome(), "SHUTTING_DOWN");
  EXPECT_EQ(call_->call().response_trailers().Get("x-sluice-last-sequence"), "0");
}

TEST_P(StreamTest, AStreamWithoutAnswersHasNoLastSequence) {
  Open();
  simulation_->draining = true;
  call_->call().Drain();
  EXPECT_EQ(call_->outcome(), "SHUTTING_DOWN");
  EXPECT_EQ(call_->call().response_trailers().Find("x-sluice-last-sequence"), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    Methods, StreamTest,
    testing::Values(ItemMethod{"StreamRecognize", "ai.inference.ImageRecognition/StreamRecognize", RecognizeItem,
                               RecognizedItem},
                    ItemMethod{"StreamAnalyze", "ai.inference.Multimodal/StreamAnalyze", AnalyzeItem, AnalyzedItem},
                    ItemMethod{"ModelStreamInfer", "inference.GRPCInferenceService/ModelStreamInfer", InferItem,
                               StreamInferredItem}),
    [](const auto& info) { return info.param.title; });

}  // namespace
}  // namespace sluice
