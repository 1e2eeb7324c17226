// Recognize beyond what every unary method promises (api/unary_test.cc).
#include "api/image_recognition/recognize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "api/testing/services.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;
using std::chrono::milliseconds;

class RecognizeTest : public testing::Test {
 protected:
  std::unique_ptr<SimulatedCall> Ask(const RecognizeRequest& request) {
    auto call = std::make_unique<SimulatedCall>(simulation_, "ai.inference.ImageRecognition/Recognize");
    call->Send(request);
    simulation_.loop.Advance(milliseconds(10));
    return call;
  }

  ServedSimulation simulation_;
};

TEST_F(RecognizeTest, WithoutAModelTheMethodsDefaultOneAnswers) {
  RecognizeRequest request;
  request.set_image("A");
  const auto call = Ask(request);
  ASSERT_EQ(call->outcome(), "OK");
  const auto& answer = call->Answer<RecognizeResponse>(0);
  ASSERT_EQ(answer.faces_size(), 1);
  EXPECT_EQ(answer.faces(0).x(), 'A');
  EXPECT_EQ(answer.latency(), 10);
  EXPECT_FALSE(answer.has_sequence());
}

TEST_F(RecognizeTest, AConfidenceIsFromZeroToOne) {
  RecognizeRequest request;
  request.set_image("A");
  for (const float wrong : {-0.1f, 1.1f, std::nanf("")}) {
    request.set_min_confidence(wrong);
    const auto call = Ask(request);
    EXPECT_EQ(call->outcome(), "INVALID_REQUEST");
    EXPECT_EQ(FieldOf(call->call().outcome()), "min_confidence");
  }
  for (const float right : {0.f, 1.f}) {
    request.set_min_confidence(right);
    EXPECT_EQ(Ask(request)->outcome(), "OK");
  }
}

TEST_F(RecognizeTest, AModelOfAnotherTaskIsTheClientsMistake) {
  RecognizeRequest request;
  request.set_image("A");
  request.set_model_id("texts");
  const auto call = Ask(request);
  EXPECT_EQ(call->outcome(), "INVALID_REQUEST");
  EXPECT_EQ(FieldOf(call->call().outcome()), "model_id");
  EXPECT_TRUE(call->call().uses.empty());
  request.set_model_id("unknown");
  EXPECT_EQ(Ask(request)->outcome(), "MODEL_NOT_FOUND");
}

}  // namespace
}  // namespace sluice
