// Classify beyond what every unary method promises (api/unary_test.cc).
#include "api/text_classification/service.h"

#include <gtest/gtest.h>

#include "api/testing/services.h"

namespace sluice {
namespace {

using ai::inference::ClassifyRequest;
using ai::inference::ClassifyResponse;
using std::chrono::milliseconds;

class ClassifyTest : public testing::Test {
 protected:
  explicit ClassifyTest(int workers = 2) : simulation_(FakeModels(/*queue_max=*/256, workers)) {
    request_.set_model_id("texts");
  }
  SimulatedCall& Ask() {
    call_ = std::make_unique<SimulatedCall>(simulation_, "ai.inference.TextClassification/Classify");
    call_->Send(request_);
    return *call_;
  }
  const ClassifyResponse& Answer() {
    simulation_.loop.Advance(milliseconds(10));
    return call_->Answer<ClassifyResponse>(0);
  }

  ServedSimulation simulation_;
  ClassifyRequest request_;
  std::unique_ptr<SimulatedCall> call_;
};

TEST_F(ClassifyTest, ResultsAreInTheOrderOfTextsThenItems) {
  request_.add_texts("one");
  auto& item = *request_.add_items();
  item.set_text("two");
  item.set_id("b");
  Ask();
  const ClassifyResponse& answer = Answer();
  ASSERT_EQ(answer.results_size(), 2);
  EXPECT_EQ(answer.results(0).label(), "one");
  EXPECT_FALSE(answer.results(0).has_id());
  EXPECT_EQ(answer.results(1).label(), "two");
  EXPECT_EQ(answer.results(1).id(), "b");
}

TEST_F(ClassifyTest, ALargeCallIsSharedByIdleWorkersAndJoinedInOrder) {
  for (int i = 0; i < 100; ++i) request_.add_texts(StrCat(i, std::string(static_cast<size_t>(i % 7), 'x')));
  Ask();
  EXPECT_EQ(simulation_.scheduler.IdleWorkers(), 0u);
  const ClassifyResponse& answer = Answer();
  ASSERT_EQ(answer.results_size(), 100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(answer.results(i).label(), request_.texts(i));
  ASSERT_EQ(call_->call().uses.size(), 1u);
  EXPECT_EQ(call_->call().uses[0].queue_ms, 0);
}

TEST_F(ClassifyTest, ALongCallIsDoneInSlicesOfTenMilliseconds) {
  for (int i = 0; i < 100; ++i) request_.add_texts(std::string(20, 'x'));
  simulation_.scheduler.batch_time = milliseconds(20);  // two slices of 50 texts
  Ask();
  simulation_.loop.Advance(milliseconds(20));
  ASSERT_EQ(call_->outcome(), "OK");
  Ask();
  EXPECT_EQ(simulation_.scheduler.waiting(), 3u) << "40 ms in all: five, and two of them run";
  simulation_.loop.Advance(milliseconds(100));
  EXPECT_EQ(call_->Answer<ClassifyResponse>(0).results_size(), 100);
}

TEST_F(ClassifyTest, ASliceThatFailsEndsTheCallAndTheOthers) {
  for (int i = 0; i < 100; ++i) request_.add_texts(std::string(20, 'x'));
  request_.set_texts(0, "broken");  // the shortest: first of its slice
  Ask();
  simulation_.loop.Advance(milliseconds(10));
  EXPECT_EQ(call_->outcome(), "INVALID_IMAGE");
  EXPECT_TRUE(call_->answers.empty());
  simulation_.loop.Advance(milliseconds(0));
  EXPECT_EQ(simulation_.scheduler.IdleWorkers(), 2u);
}

TEST_F(ClassifyTest, MoreThanAHundredTextsAreRefusedInTheArticlesWords) {
  for (int i = 0; i < 101; ++i) request_.add_texts("x");
  EXPECT_EQ(Ask().outcome(), "BATCH_TOO_LARGE");
  EXPECT_EQ(call_->call().outcome().message(), "最多支持100条文本批量处理");
}

TEST_F(ClassifyTest, NoTextsAreNoResults) {
  EXPECT_EQ(Ask().outcome(), "OK");
  EXPECT_EQ(call_->Answer<ClassifyResponse>(0).results_size(), 0);
}

TEST_F(ClassifyTest, ATextWithANulNamesItself) {
  request_.add_texts("fine");
  request_.add_items()->set_text(std::string("a\0b", 3));
  EXPECT_EQ(Ask().outcome(), "INVALID_REQUEST");
  EXPECT_EQ(FieldOf(call_->call().outcome()), "items[0]");
}

}  // namespace
}  // namespace sluice
