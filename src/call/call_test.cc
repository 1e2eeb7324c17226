#include "call/call.h"

#include <gtest/gtest.h>

#include "ai/inference/image_recognition.pb.h"
#include "base/error.h"
#include "call/layers/deadline/deadline.h"
#include "call/testing/layer_fixture.h"
#include "call/unary.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;

// Notes when it is entered and left; does what the test says on entry.
class NotingLayer final : public Layer {
 public:
  NotingLayer(std::string name, std::string& notes, Step step = Step::kNext)
      : name_(std::move(name)), notes_(notes), step_(step) {}
  std::string_view name() const override { return name_; }
  Step Enter(Call& call) override {
    notes_ += "+" + name_;
    if (step_ == Step::kStop) call.Fail(Error(Reason::RATE_LIMITED, "slow down"));
    return step_;
  }
  void Leave(Call&) noexcept override { notes_ += "-" + name_; }

 private:
  std::string name_;
  std::string& notes_;
  Step step_;
};

class CallTest : public LayerTest {
 protected:
  CallTest() {
    const auto* service = RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    methods_.Add(service->FindMethodByName("Recognize"),
                 Unary<RecognizeRequest>([this](std::shared_ptr<Call> call, std::unique_ptr<RecognizeRequest> request) {
                   running_ = std::move(call);
                   request_ = std::move(request);
                 }));
  }

  std::shared_ptr<Call> Open() { return Begin(*methods_.Find("/ai.inference.ImageRecognition/Recognize")); }

  void Deliver(Call& call) {
    auto request = call.method().NewRequest();
    call.Deliver(std::move(request), 10);
    call.RequestEnd();
  }

  void Layers(Step step) {
    chain_.push_back(std::make_unique<NotingLayer>("a", notes_));
    chain_.push_back(std::make_unique<NotingLayer>("b", notes_, step));
    chain_.push_back(std::make_unique<NotingLayer>("c", notes_));
  }

  std::string notes_;
  std::shared_ptr<Call> running_;
  std::unique_ptr<RecognizeRequest> request_;
};

TEST_F(CallTest, LayersAreEnteredInOrderAndLeftInReverseAfterTheAnswer) {
  Layers(Step::kNext);
  auto call = Open();
  Deliver(*call);
  EXPECT_EQ(notes_, "+a+b+c");
  ASSERT_NE(running_, nullptr);
  running_->Reply(RecognizeResponse());
  EXPECT_EQ(notes_, "+a+b+c-c-b-a");
  EXPECT_EQ(port_.written.size(), 1u);
  EXPECT_EQ(port_.ends, 1);
}

RecognizeResponse LargeResponse() {
  RecognizeResponse response;
  response.set_id(std::string(100'000, 'm'));
  return response;
}

TEST_F(CallTest, AnAnswerThatDoesNotFitTheBudgetIsAnErrorAndSaysSo) {
  auto call = Open();
  Deliver(*call);
  budget_.Charge(900'000);
  running_->Reply(LargeResponse());
  EXPECT_TRUE(port_.written.empty());
  EXPECT_EQ(port_.ends, 1);
  EXPECT_EQ(ReasonOf(port_.outcome), Reason::OVERLOADED);
  EXPECT_EQ(ReasonOf(call->outcome()), Reason::OVERLOADED) << "what is logged";
}

TEST_F(CallTest, AnAnswerTakesThePlaceOfItsRequest) {
  auto call = Open();
  call->Hold(std::make_shared<BudgetHold>(budget_, 100'100));
  Deliver(*call);
  budget_.Charge(1 << 20);
  running_->Reply(LargeResponse());
  EXPECT_EQ(port_.written.size(), 1u);
  EXPECT_TRUE(call->outcome().ok());
}

TEST_F(CallTest, WhoEndsAnUnheardCallSaysWhy) {
  auto call = Open();
  Deliver(*call);
  call->Detach(Error(Reason::OVERLOADED, "no memory"));
  EXPECT_EQ(ReasonOf(call->outcome()), Reason::OVERLOADED);
  EXPECT_EQ(port_.ends, 0);
}

TEST_F(CallTest, AStopAnswersAndLeavesOnlyWhatWasEntered) {
  Layers(Step::kStop);
  auto call = Open();
  EXPECT_EQ(notes_, "+a+b-b-a");
  EXPECT_EQ(ReasonOf(port_.outcome), Reason::RATE_LIMITED);
  Deliver(*call);
  EXPECT_EQ(running_, nullptr);
  EXPECT_EQ(port_.ends, 1);
}

TEST_F(CallTest, AParkedCallKeepsItsMessageUntilItIsResumed) {
  Layers(Step::kPark);
  auto call = Open();
  Deliver(*call);
  EXPECT_EQ(running_, nullptr);
  call->Resume();
  EXPECT_NE(running_, nullptr);
  EXPECT_EQ(notes_, "+a+b+c");
}

TEST_F(CallTest, TheFirstEndWins) {
  Layers(Step::kNext);
  auto call = Open();
  Deliver(*call);
  call->Cancel();
  running_->Reply(RecognizeResponse());
  EXPECT_EQ(port_.ends, 0) << "nobody is there to read an answer";
  EXPECT_EQ(ReasonOf(call->outcome()), Reason::CANCELLED);
  EXPECT_EQ(notes_, "+a+b+c-c-b-a");
}

TEST_F(CallTest, ADroppedCallStillLeavesItsLayers) {
  Layers(Step::kNext);
  Open().reset();
  EXPECT_EQ(notes_, "+a+b+c-c-b-a");
}

TEST_F(CallTest, TheDeadlineAnswersWhileTheHandlerStillWorks) {
  chain_.push_back(std::make_unique<DeadlineLayer>(layers_.On(loop_)));
  headers_.Add("grpc-timeout", "100m");
  auto call = Open();
  Deliver(*call);
  loop_.Advance(std::chrono::milliseconds(99));
  EXPECT_EQ(port_.ends, 0);
  loop_.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(ReasonOf(port_.outcome), Reason::DEADLINE_EXCEEDED);
  running_->Reply(RecognizeResponse());
  EXPECT_EQ(port_.ends, 1);
  EXPECT_EQ(loop_.timers(), 0u);
}

TEST_F(CallTest, AnAnsweredCallLeavesNoTimer) {
  chain_.push_back(std::make_unique<DeadlineLayer>(layers_.On(loop_)));
  auto call = Open();
  Deliver(*call);
  EXPECT_EQ(loop_.timers(), 1u);
  running_->Reply(RecognizeResponse());
  EXPECT_EQ(loop_.timers(), 0u);
}

TEST_F(CallTest, ChoresAreStoppedOnceNobodyWaitsForAnAnswer) {
  const auto failed = Open();
  const std::stop_token stop = failed->chore_owner().stop;
  EXPECT_FALSE(stop.stop_requested());
  failed->Fail(Error(Reason::INVALID_BODY, "bad"));
  EXPECT_TRUE(stop.stop_requested());
  EXPECT_TRUE(failed->chore_owner().stop.stop_requested());

  const auto answered = Open();
  answered->Finish(absl::OkStatus());
  const std::stop_token printing = answered->chore_owner().stop;
  EXPECT_FALSE(printing.stop_requested()) << "its answer may still be printed by a chore";
  answered->Detach();
  EXPECT_TRUE(printing.stop_requested());
}

TEST_F(CallTest, LatencyRunsFromTheCompleteRequestToTheFirstAnswer) {
  auto call = Open();
  loop_.Advance(std::chrono::milliseconds(50));
  Deliver(*call);
  loop_.Advance(std::chrono::milliseconds(7));
  EXPECT_DOUBLE_EQ(call->LatencyMs(), 7);
  loop_.Advance(std::chrono::milliseconds(7));
  running_->Reply(RecognizeResponse());
  EXPECT_DOUBLE_EQ(call->LatencyMs(), 7);
}

}  // namespace
}  // namespace sluice
