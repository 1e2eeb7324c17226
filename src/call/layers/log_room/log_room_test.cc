#include "call/layers/log_room/log_room.h"

#include <gtest/gtest.h>

#include "ai/inference/image_recognition.pb.h"
#include "base/error.h"
#include "base/testing/stalled_log.h"
#include "call/layers/deadline/deadline.h"
#include "call/testing/layer_fixture.h"
#include "call/unary.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;

class LogRoomTest : public LayerTest {
 protected:
  LogRoomTest() {
    chain_.push_back(std::make_unique<DeadlineLayer>(layers_.On(loop_)));
    chain_.push_back(std::make_unique<LogRoomLayer>(layers_.On(loop_, log_.log())));
    const auto* service = RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    methods_.Add(
        service->FindMethodByName("Recognize"),
        Unary<RecognizeRequest>([this](std::shared_ptr<Call>, std::unique_ptr<RecognizeRequest>) { ++handled_; }));
  }
  std::shared_ptr<Call> Start() {
    const auto call = Begin(*methods_.all().front());
    call->Deliver(call->method().NewRequest(), 1);
    call->RequestEnd();
    return call;
  }

  StalledLog log_;
  int handled_ = 0;
};

TEST_F(LogRoomTest, ACallWaitsForTheReaderAndGoesOn) {
  log_.Fill();
  const auto call = Start();
  loop_.Advance(std::chrono::milliseconds(200));
  EXPECT_EQ(handled_, 0);
  log_.Read();
  loop_.Advance(std::chrono::milliseconds(200));
  EXPECT_EQ(handled_, 1);
  call->Cancel();
}

TEST_F(LogRoomTest, ItsDeadlineHolds) {
  log_.Fill();
  headers_.Add("x-request-timeout", "0.5");
  const auto call = Start();
  loop_.Advance(std::chrono::milliseconds(600));
  EXPECT_TRUE(call->done());
  EXPECT_EQ(ReasonOf(call->outcome()), Reason::DEADLINE_EXCEEDED);
  EXPECT_EQ(handled_, 0);
  loop_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(loop_.timers(), 0u);
}

}  // namespace
}  // namespace sluice
