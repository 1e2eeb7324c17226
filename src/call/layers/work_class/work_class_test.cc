#include "call/layers/work_class/work_class.h"

#include <gtest/gtest.h>

#include "ai/inference/image_recognition.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "call/testing/layer_fixture.h"

namespace sluice {
namespace {

class WorkClassTest : public LayerTest {
 protected:
  WorkClassTest() {
    chain_.push_back(std::make_unique<WorkClassLayer>(layers_.On(loop_)));
    methods_.Add(ai::inference::RecognizeRequest::descriptor()->file()->service(0)->FindMethodByName("Recognize"), {});
    methods_.Add(ai::inference::ClassifyRequest::descriptor()->file()->service(0)->FindMethodByName("Classify"), {});
  }
  std::shared_ptr<Call> Begin(const char* method, const char* asked = nullptr) {
    headers_.Clear();
    if (asked != nullptr) headers_.Add("x-sluice-class", asked);
    return LayerTest::Begin(*methods_.Find(method));
  }
  // What a call of that method that asks for that gets.
  WorkClass ClassOf(const char* method, const char* asked = nullptr) {
    const auto call = Begin(method, asked);
    const WorkClass found = call->work_class;
    EXPECT_FALSE(call->done());
    call->Cancel();
    return found;
  }

  static constexpr const char* kRecognize = "/ai.inference.ImageRecognition/Recognize";
  static constexpr const char* kClassify = "/ai.inference.TextClassification/Classify";
};

TEST_F(WorkClassTest, TheMethodSaysIt) {
  EXPECT_EQ(ClassOf(kRecognize), WorkClass::kLive);
  EXPECT_EQ(ClassOf(kClassify), WorkClass::kBatch);
}

TEST_F(WorkClassTest, ACallMayLowerItsOwnAndNotRaiseIt) {
  EXPECT_EQ(ClassOf(kRecognize, "batch"), WorkClass::kBatch);
  EXPECT_EQ(ClassOf(kRecognize, "background"), WorkClass::kBackground);
  EXPECT_EQ(ClassOf(kClassify, "live"), WorkClass::kBatch);
}

TEST_F(WorkClassTest, AnotherNameIsTheClientsError) {
  const auto call = Begin(kRecognize, "urgent");
  ASSERT_TRUE(call->done());
  EXPECT_EQ(ReasonOf(call->outcome()), Reason::INVALID_REQUEST);
  EXPECT_EQ(FieldOf(call->outcome()), "x-sluice-class");
}

}  // namespace
}  // namespace sluice
