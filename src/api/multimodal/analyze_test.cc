// Analyze beyond what every unary method promises (api/unary_test.cc): parts side by side.
#include "api/multimodal/analyze.h"

#include <gtest/gtest.h>

#include "api/testing/services.h"

namespace sluice {
namespace {

using ai::inference::MultimodalRequest;
using ai::inference::MultimodalResponse;
using std::chrono::milliseconds;

class AnalyzeTest : public testing::Test {
 protected:
  SimulatedCall& Ask(const std::string& text, const std::string& image, const std::string& sound) {
    MultimodalRequest request;
    request.set_text(text);
    request.set_image(image);
    if (!sound.empty()) request.mutable_audio()->set_pcm16(sound);
    call_ = std::make_unique<SimulatedCall>(simulation_, "ai.inference.Multimodal/Analyze");
    call_->Send(request);
    return *call_;
  }
  void Advance(int ms) { simulation_.loop.Advance(milliseconds(ms)); }
  const MultimodalResponse& Answer() const { return call_->Answer<MultimodalResponse>(0); }

  ServedSimulation simulation_{FakeModels(/*queue_max=*/256, /*workers=*/3)};
  std::unique_ptr<SimulatedCall> call_;
};

TEST_F(AnalyzeTest, EachPartIsAnsweredByItsModelAndTheRecordNamesAllOfThem) {
  Ask("text", "image", "sound");
  Advance(10);
  ASSERT_EQ(call_->outcome(), "OK");
  EXPECT_EQ(Answer().text().result().label(), "text");
  EXPECT_EQ(Answer().text().model_id(), "texts");
  EXPECT_EQ(Answer().image().labels(0).label(), "image");
  EXPECT_EQ(Answer().audio().labels(0).label(), "sound");
  EXPECT_EQ(Answer().latency(), 10) << "side by side";
  std::string models;
  for (const CallUse& use : call_->call().uses) models += use.model_id + " ";
  EXPECT_EQ(models, "texts pictures sounds ");
}

TEST_F(AnalyzeTest, OnlyThePartsThatWereSentAreAnswered) {
  Ask("", "image", "");
  Advance(10);
  EXPECT_FALSE(Answer().has_text());
  EXPECT_TRUE(Answer().has_image());
  EXPECT_FALSE(Answer().has_audio());
}

TEST_F(AnalyzeTest, APartThatFailsHasItsErrorAndTheOthersTheirResults) {
  Ask("broken", "image", "lost");
  Advance(10);
  ASSERT_EQ(call_->outcome(), "OK");
  EXPECT_TRUE(Answer().text().has_error());
  EXPECT_TRUE(Answer().audio().has_error());
  EXPECT_EQ(Answer().image().labels(0).label(), "image");
}

TEST_F(AnalyzeTest, WhenAllPartsFailTheCallDoesWithTheFirstError) {
  Ask("broken", "lost", "");
  Advance(10);
  EXPECT_EQ(call_->outcome(), "INVALID_IMAGE");
}

TEST(AnalyzeOverloadTest, WhenOnePartFindsNoRoomNoneIsDone) {
  ServedSimulation simulation(FakeModels(/*queue_max=*/1, /*workers=*/1));
  const auto ask = [&simulation](const std::string& text) {
    MultimodalRequest request;
    request.set_text(text);
    request.set_image("image");
    auto call = std::make_unique<SimulatedCall>(simulation, "ai.inference.Multimodal/Analyze");
    call->Send(request);
    return call;
  };
  const auto first = ask("one");
  EXPECT_EQ(simulation.scheduler.waiting(), 1u) << "its image; its text runs";
  const auto second = ask("two");
  EXPECT_EQ(simulation.scheduler.waiting(), 1u) << "its text had room, its image had none";
  simulation.loop.Advance(milliseconds(0));
  EXPECT_EQ(second->outcome(), "OVERLOADED");
  simulation.loop.Advance(milliseconds(20));
  EXPECT_EQ(first->outcome(), "OK");
}

TEST_F(AnalyzeTest, TheDeadlineEndsAllParts) {
  simulation_.scheduler.batch_time = std::chrono::seconds(60);
  Ask("text", "image", "sound");
  simulation_.loop.Advance(call_->call().method().default_deadline);
  EXPECT_EQ(call_->outcome(), "DEADLINE_EXCEEDED");
  Advance(0);
  EXPECT_EQ(simulation_.scheduler.IdleWorkers(), 3u);
}

}  // namespace
}  // namespace sluice
