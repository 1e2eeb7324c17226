// What a test of a layer needs: a loop in simulated time, a chain and methods for it to fill, a client's headers, and a
// port that keeps what was answered.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "base/testing/fake_loop.h"
#include "call/call.h"
#include "call/testing/layer_context.h"
#include "call/testing/recording_port.h"

namespace sluice {

class LayerTest : public testing::Test {
 protected:
  // A call of `method` with headers_, begun; of 10.0.0.7 and over REST.
  std::shared_ptr<Call> Begin(const Method& method) {
    auto call = Call::Create({.method = &method,
                              .protocol = Protocol::kRest,
                              .headers = &headers_,
                              .client_ip = "10.0.0.7",
                              .arrived = loop_.Now(),
                              .budget = &budget_},
                             loop_, chain_, port_);
    call->Begin();
    return call;
  }

  FakeLoop loop_;
  TestLayerContext layers_;
  Chain chain_;
  MethodTable methods_;
  Headers headers_;
  RecordingPort port_;
  Budget budget_{1 << 20, 10};
};

}  // namespace sluice
