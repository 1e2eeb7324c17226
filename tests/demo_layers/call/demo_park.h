// A layer that parks: a message waits 50 ms before the handler gets it, when its call has the header x-demo-park.
#pragma once

#include "base/executor.h"
#include "call/call.h"

namespace sluice {

class DemoParkLayer final : public Layer {
 public:
  explicit DemoParkLayer(const LayerContext&) {}
  std::string_view name() const override { return "demo_park"; }
  Step OnRequest(Call& call, const Message&) override {
    if (!call.headers().Find("x-demo-park")) return Step::kNext;
    Loop& loop = call.loop();
    loop.At(loop.Now() + std::chrono::milliseconds(50), [weak = call.weak_from_this()] {
      if (const auto call = weak.lock()) call->Resume();
    });
    return Step::kPark;
  }
};

}  // namespace sluice
