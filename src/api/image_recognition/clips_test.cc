// CollectRecognize and WatchRecognize, in simulated time.
#include <gtest/gtest.h>

#include "api/testing/services.h"

namespace sluice {
namespace {

using ai::inference::CollectRecognizeResponse;
using ai::inference::RecognizeResponse;
using ai::inference::WatchRecognizeRequest;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ClipsTest : public testing::Test {
 protected:
  void Open(const char* method, Simulation::Options models = FakeModels()) {
    call_ = nullptr;
    simulation_ = nullptr;
    simulation_ = std::make_unique<ServedSimulation>(std::move(models));
    call_ = std::make_unique<SimulatedCall>(*simulation_, std::string("ai.inference.ImageRecognition/") + method);
  }
  void Advance(Duration by) { simulation_->loop.Advance(by); }

  std::unique_ptr<ServedSimulation> simulation_;
  std::unique_ptr<SimulatedCall> call_;
};

class CollectTest : public ClipsTest {
 protected:
  void SetUp() override { Open("CollectRecognize"); }
  void Send(const std::string& frame) { call_->Send(*RecognizeItem(frame)); }
  // "one two !": a frame's label, or its error.
  std::string Results() const {
    std::string all;
    for (const RecognizeResponse& result : call_->Answer<CollectRecognizeResponse>(0).results()) {
      all += (all.empty() ? "" : " ") + (result.has_error() ? "!" : RecognizedItem(result));
    }
    return all;
  }
};

TEST_F(CollectTest, OneSummaryWithAResultForEachFrame) {
  for (const char* frame : {"one", "", "broken"}) Send(frame);
  Advance(milliseconds(30));
  Send("lost");
  Advance(milliseconds(10));
  Send("two");
  EXPECT_TRUE(call_->answers.empty());
  call_->End();
  EXPECT_EQ(call_->outcome(), "");
  Advance(milliseconds(10));
  ASSERT_EQ(call_->outcome(), "OK");
  EXPECT_EQ(Results(), "one ! ! ! two");
  const auto& summary = call_->Answer<CollectRecognizeResponse>(0);
  EXPECT_EQ(summary.frames(), 5u);
  EXPECT_EQ(summary.failed_frames(), 3u);
  EXPECT_EQ(summary.latency(), 10) << "from the last frame on";
  EXPECT_EQ(summary.results(4).sequence(), 4u);
}

TEST_F(CollectTest, NoFramesAreAnEmptySummary) {
  call_->End();
  EXPECT_EQ(call_->outcome(), "OK");
  EXPECT_EQ(call_->Answer<CollectRecognizeResponse>(0).frames(), 0u);
}

TEST_F(CollectTest, AFrameThatTheQueueRefusesIsCounted) {
  Open("CollectRecognize", FakeModels(/*queue_max=*/1));
  for (const char* frame : {"runs", "waits", "refused"}) Send(frame);
  call_->End();
  Advance(milliseconds(20));
  EXPECT_EQ(Results(), "runs waits !");
}

TEST_F(CollectTest, FramesBeyondTheMostEndTheCall) {
  for (int i = 0; i < 10; ++i) {
    Send("x");
    Advance(milliseconds(10));
  }
  EXPECT_EQ(call_->outcome(), "");
  Send("x");
  EXPECT_EQ(call_->outcome(), "BATCH_TOO_LARGE");
}

TEST_F(CollectTest, ALateFrameIsAnErrorOfItsOwn) {
  simulation_->scheduler.batch_time = seconds(60);
  Send("slow");
  call_->End();
  Advance(call_->call().method().default_deadline);
  EXPECT_EQ(call_->outcome(), "OK");
  EXPECT_EQ(Results(), "!");
  Advance(milliseconds(0));
  EXPECT_EQ(simulation_->scheduler.IdleWorkers(), 1u);
}

// Ten thousand messages of nothing made a hundred times their bytes, which nobody counted.
TEST_F(CollectTest, WhatTheSummaryHoldsIsCounted) {
  for (int i = 0; i < 9; ++i) Send("");
  Send("one");
  Advance(milliseconds(10));
  EXPECT_GT(simulation_->budget.bytes(), 9 * 300u);
  EXPECT_EQ(simulation_->budget.bytes(), call_->call().kept_bytes());
  call_->End();
  EXPECT_EQ(call_->outcome(), "OK");
  EXPECT_EQ(simulation_->budget.bytes(), 0u);
}

TEST_F(CollectTest, ASummaryWithoutRoomEndsTheCall) {
  simulation_->budget.Charge(simulation_->budget.bytes_max() - 1'000);
  for (int i = 0; i < 9; ++i) Send("");
  EXPECT_EQ(call_->outcome(), "OVERLOADED");
}

TEST_F(CollectTest, AClientThatGoesTakesItsFramesAlong) {
  simulation_->scheduler.batch_time = seconds(60);
  for (const char* frame : {"runs", "waits"}) Send(frame);
  call_->call().Cancel();
  EXPECT_EQ(simulation_->scheduler.waiting(), 0u);
  Advance(milliseconds(0));
  EXPECT_EQ(simulation_->scheduler.IdleWorkers(), 1u);
  EXPECT_EQ(simulation_->loop.timers(), 0u);
}

TEST_F(CollectTest, AServerThatDrainsRefusesWhatIsNotWholeYet) {
  Send("one");
  simulation_->draining = true;
  call_->call().Drain();
  EXPECT_EQ(call_->outcome(), "");
  Advance(milliseconds(10));
  EXPECT_EQ(call_->outcome(), "SHUTTING_DOWN");
}

class WatchTest : public ClipsTest {
 protected:
  void SetUp() override { Open("WatchRecognize"); }
  static WatchRecognizeRequest Images(std::initializer_list<const char*> contents) {
    WatchRecognizeRequest request;
    request.set_model_id("pictures");
    for (const char* content : contents) request.add_images()->set_image(content);
    return request;
  }
  // "1:two 0:one": by number, as they came.
  std::string Answers() const {
    std::string all;
    for (size_t i = 0; i < call_->answers.size(); ++i) {
      const auto& answer = call_->Answer<RecognizeResponse>(i);
      all += StrCat(all.empty() ? "" : " ", answer.sequence(), ":", answer.has_error() ? "!" : RecognizedItem(answer));
    }
    return all;
  }
};

// A thousand of them, 2 KB, held a loop for 5 ms.
TEST_F(WatchTest, ManyImagesThatAreRefusedAtOnceTakeManyTurns) {
  call_->on_answer = [this] { simulation_->loop.Pass(std::chrono::microseconds(300)); };
  const auto request = Images({"", "", "", "", "", "", "", ""});
  MessagePtr message(request.New());
  message->CopyFrom(request);
  call_->call().Deliver(std::move(message), 1);
  EXPECT_LE(call_->answers.size(), 2u) << "in the first";
  call_->call().RequestEnd();
  simulation_->loop.Run();
  EXPECT_EQ(Answers(), "0:! 1:! 2:! 3:! 4:! 5:! 6:! 7:!");
  EXPECT_EQ(call_->outcome(), "OK");
}

TEST_F(WatchTest, ResultsComeAsTheyFinish) {
  Open("WatchRecognize", FakeModels(/*queue_max=*/256, /*workers=*/2));
  auto request = Images({"one", "", "broken", "lost", "two"});
  request.mutable_images(4)->set_id("last");
  call_->Send(request);
  EXPECT_EQ(Answers(), "1:!") << "an empty picture is known at once";
  Advance(milliseconds(10));
  EXPECT_EQ(Answers(), "1:! 0:one 2:!");
  Advance(milliseconds(10));
  EXPECT_EQ(Answers(), "1:! 0:one 2:! 3:! 4:two");
  EXPECT_EQ(call_->Answer<RecognizeResponse>(4).id(), "last");
  EXPECT_EQ(call_->outcome(), "OK");
}

TEST_F(WatchTest, EitherPicturesOrAClip) {
  WatchRecognizeRequest none;
  call_->Send(none);
  EXPECT_EQ(call_->outcome(), "INVALID_REQUEST");
  Open("WatchRecognize");
  auto both = Images({"one"});
  both.set_mjpeg("two");
  call_->Send(both);
  EXPECT_EQ(call_->outcome(), "INVALID_REQUEST");
}

TEST_F(WatchTest, AClipThatIsCutByAChoreIsAnsweredLikeASmallOne) {
  // Start of the file, start of a scan and its data, end of the file.
  const std::string picture = std::string("\xff\xd8\xff\xda\0\3\7", 7) + std::string(50'000, 'x') + "\xff\xd9";
  WatchRecognizeRequest clip;
  clip.set_model_id("pictures");
  clip.set_mjpeg(picture + picture);
  call_->Send(clip);
  Advance(milliseconds(20));
  EXPECT_EQ(call_->outcome(), "OK");
  ASSERT_EQ(call_->answers.size(), 2u);
  EXPECT_EQ(RecognizedItem(*call_->answers[1]), picture);
}

TEST_F(WatchTest, AClipWithoutAPicture) {
  WatchRecognizeRequest clip;
  clip.set_mjpeg(std::string(100'000, 'x'));
  call_->Send(clip);
  EXPECT_EQ(call_->outcome(), "INVALID_IMAGE");
}

TEST_F(WatchTest, AFullQueueIsAnErrorOfThePicture) {
  Open("WatchRecognize", FakeModels(/*queue_max=*/1));
  call_->Send(Images({"runs", "waits", "refused"}));
  Advance(milliseconds(20));
  EXPECT_EQ(Answers(), "2:! 0:runs 1:waits");
  EXPECT_EQ(call_->outcome(), "OK");
}

TEST_F(WatchTest, FourPicturesAreInProgressAtMost) {
  call_->Send(Images({"1", "2", "3", "4", "5", "6"}));
  EXPECT_EQ(simulation_->scheduler.waiting(), 3u) << "one runs";
  Advance(milliseconds(10));
  EXPECT_EQ(simulation_->scheduler.waiting(), 3u);
}

TEST_F(WatchTest, ASlowReaderHoldsPicturesBack) {
  call_->SetWritable(false);
  call_->Send(Images({"1", "2", "3", "4", "5", "6"}));
  Advance(milliseconds(100));
  EXPECT_TRUE(call_->answers.empty());
  call_->SetWritable(true);
  Advance(milliseconds(60));
  EXPECT_EQ(Answers(), "0:1 1:2 2:3 3:4 4:5 5:6");
}

TEST_F(WatchTest, AClientThatGoesTakesItsPicturesAlong) {
  simulation_->scheduler.batch_time = seconds(60);
  call_->Send(Images({"runs", "waits", "waits"}));
  call_->call().Cancel();
  EXPECT_EQ(simulation_->scheduler.waiting(), 0u);
  Advance(milliseconds(0));
  EXPECT_EQ(simulation_->scheduler.IdleWorkers(), 1u);
  EXPECT_EQ(simulation_->loop.timers(), 0u);
}

}  // namespace
}  // namespace sluice
