// A layer that reads the request: says in the answer how large its text is.
#pragma once

#include <string>

#include "ai/demo/demo.pb.h"
#include "call/call.h"

namespace sluice {

class DemoReadLayer final : public Layer {
 public:
  explicit DemoReadLayer(const LayerContext&) {}
  std::string_view name() const override { return "demo_read"; }
  Step OnRequest(Call& call, const Message& message) override {
    if (message.GetDescriptor() == ai::demo::ReverseRequest::descriptor()) {
      const auto& request = static_cast<const ai::demo::ReverseRequest&>(message);
      call.response_headers().Add("x-demo-bytes", std::to_string(request.text().size()));
    }
    return Step::kNext;
  }
};

}  // namespace sluice
