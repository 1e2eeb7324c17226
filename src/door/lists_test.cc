#include "door/lists.h"

#include <gtest/gtest.h>

#include "ai/inference/image_recognition.pb.h"
#include "base/error.h"
#include "base/testing/fake_loop.h"
#include "base/testing/stalled_log.h"
#include "call/testing/layer_context.h"
#include "call/testing/recording_port.h"
#include "call/unary.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;

TEST(ListsTest, ACallThatWaitsForTheLogIsObservedAndHasItsDeadline) {
  FakeLoop loop;
  TestLayerContext layers;
  StalledLog stalled;
  stalled.Fill();
  const Chain chain = MakeCallChain(layers.On(loop, stalled.log()));
  MethodTable methods;
  int handled = 0;
  methods.Add(RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition")->method(0),
              Unary<RecognizeRequest>([&](std::shared_ptr<Call>, std::unique_ptr<RecognizeRequest>) { ++handled; }));
  Headers headers;
  headers.Add("x-request-timeout", "0.5");
  RecordingPort port;
  const auto call = Call::Create({.method = methods.all().front().get(), .headers = &headers, .arrived = loop.Now()},
                                 loop, chain, port);
  call->Begin();
  call->Deliver(call->method().NewRequest(), 1);
  EXPECT_FALSE(call->request_id.empty());
  loop.Advance(std::chrono::milliseconds(500));
  EXPECT_EQ(ReasonOf(call->outcome()), Reason::DEADLINE_EXCEEDED);
  EXPECT_EQ(handled, 0);
  const std::string metrics = layers.Scrape();
  EXPECT_NE(metrics.find("code=\"DEADLINE_EXCEEDED\""), std::string::npos) << metrics;
}

}  // namespace
}  // namespace sluice
