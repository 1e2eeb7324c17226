#include "call/layers/shed/shed.h"

#include <gtest/gtest.h>

#include <set>

#include "ai/inference/image_recognition.pb.h"
#include "base/crowding.h"
#include "base/error.h"
#include "call/layers/work_class/work_class.h"
#include "call/testing/layer_fixture.h"
#include "call/unary.h"
#include "grpc/health/v1/health.pb.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;
using std::chrono::milliseconds;

class ShedTest : public LayerTest {
 protected:
  ShedTest() {
    chain_.push_back(std::make_unique<WorkClassLayer>(layers_.On(loop_)));
    chain_.push_back(std::make_unique<ShedLayer>(layers_.On(loop_)));
    const auto* service = RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    const auto answer = Unary<RecognizeRequest>([](std::shared_ptr<Call> call, std::unique_ptr<RecognizeRequest>) {
      call->Reply(ai::inference::RecognizeResponse());
    });
    for (const char* name : {"Recognize", "StreamRecognize"}) methods_.Add(service->FindMethodByName(name), answer);
    methods_.Add(grpc::health::v1::HealthCheckRequest::descriptor()->file()->service(0)->FindMethodByName("Check"),
                 answer);
  }
  std::shared_ptr<Call> Begin(const char* method = "/ai.inference.ImageRecognition/Recognize") {
    return LayerTest::Begin(*methods_.Find(method));
  }
  void Overload() {
    layers_.load.backlog = milliseconds(1234);
    layers_.load.verdict = Error(Reason::OVERLOADED, "too much");
    SetRetryAfter(layers_.load.verdict, absl::Seconds(1));
  }
};

TEST_F(ShedTest, ACallThatWouldNotStartInTimeIsRefusedBeforeItsBody) {
  Overload();
  headers_.Add("x-sluice-class", "background");
  const auto call = Begin();
  ASSERT_TRUE(call->done());
  EXPECT_EQ(ReasonOf(call->outcome()), Reason::OVERLOADED);
  EXPECT_EQ(call->outcome().message(), "服务繁忙,请稍后重试: too much");
  EXPECT_EQ(layers_.load.asked, WorkClass::kBackground);
  EXPECT_EQ(call->response_headers().Get("x-sluice-predicted-wait-ms"), "1234");
}

TEST_F(ShedTest, ThoseRefusedTogetherDoNotComeBackTogether) {
  Overload();
  std::set<int64_t> waits;
  for (int i = 0; i < 20; ++i) {
    const absl::Duration wait = *RetryAfterOf(Begin()->outcome());
    EXPECT_GE(wait, absl::Seconds(1));
    EXPECT_LE(wait, absl::Seconds(1.5));
    waits.insert(absl::ToInt64Milliseconds(wait));
  }
  EXPECT_GT(waits.size(), 15u);
}

TEST_F(ShedTest, WhoCrowdsOthersIsNotReadForAMoment) {
  Overload();
  EXPECT_TRUE(Begin()->done());
  EXPECT_EQ(port_.held_back, Duration::zero());
  SetCrowding(layers_.load.verdict);
  EXPECT_TRUE(Begin()->done());
  EXPECT_EQ(port_.held_back, kCrowdingPause);
}

TEST_F(ShedTest, WhatNeedsNoWorkerAndEachMessageOfAStreamPass) {
  Overload();
  for (const char* method : {"/grpc.health.v1.Health/Check", "/ai.inference.ImageRecognition/StreamRecognize"}) {
    const auto call = Begin(method);
    EXPECT_FALSE(call->done()) << method;
    call->Cancel();
  }
  EXPECT_FALSE(layers_.load.asked.has_value());
}

TEST_F(ShedTest, AnswersSayHowLongWorkWaitsNow) {
  layers_.load.backlog = milliseconds(7);
  const auto call = Begin();
  call->Deliver(call->method().NewRequest(), 1);
  ASSERT_TRUE(call->done());
  EXPECT_EQ(call->response_headers().Get("x-sluice-predicted-wait-ms"), "7");
}

TEST_F(ShedTest, NothingIsRefusedWhenThatIsTurnedOff) {
  Overload();
  layers_.options.mutable_overload()->set_predict(false);
  chain_.back() = std::make_unique<ShedLayer>(layers_.On(loop_));
  const auto call = Begin();
  EXPECT_FALSE(call->done());
  call->Cancel();
}

}  // namespace
}  // namespace sluice
