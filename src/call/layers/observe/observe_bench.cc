// What observing costs a call: a call's whole life in a chain without layers, with the observe layer, and with a log,
// on one thread. Prints nanoseconds per call, best of several rounds.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "ai/inference/image_recognition.pb.h"
#include "base/testing/cpu_time.h"
#include "base/testing/fake_loop.h"
#include "call/layers/observe/observe.h"
#include "call/testing/layer_context.h"
#include "call/unary.h"

namespace sluice {
namespace {

class NullPort final : public CallPort {
 public:
  size_t Write(const Message&) override { return 20; }
  void End(Call&, const absl::Status&) override {}
};

// The machine's clocks, whose cost is part of it.
class RealClockLoop final : public Loop {
 public:
  void Post(Task) override {}
  const Clock& clock() const override { return SystemClock(); }
  TimePoint Now() const override { return SystemClock().Now(); }
  TimerId At(TimePoint, Task) override { return 1; }
  void Cancel(TimerId) override {}
};

struct World {
  RealClockLoop loop;
  TestLayerContext layers;
  MethodTable methods;
  Headers headers;
  NullPort port;

  World() {
    const auto* service = ai::inference::RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    methods.Add(service->FindMethodByName("Recognize"),
                Unary<ai::inference::RecognizeRequest>([](std::shared_ptr<Call>, auto) {}));
    for (const auto& [name, value] : {std::pair(":authority", "127.0.0.1:50051"),
                                      {"content-type", "application/grpc"},
                                      {"te", "trailers"},
                                      {"user-agent", "grpc-c/1.85 (linux)"},
                                      {"grpc-timeout", "10S"},
                                      {"x-request-id", "0192f3c4-0000-7000-8000-000000000000"}}) {
      headers.Add(name, value);
    }
  }

  double NsPerCall(const Chain& chain) {
    constexpr int kCalls = 100'000;
    double best = 1e18;
    for (int round = 0; round < 7; ++round) {
      const double began = ThreadCpuNs();
      for (int i = 0; i < kCalls; ++i) {
        const auto call = Call::Create({.method = methods.all().front().get(),
                                        .headers = &headers,
                                        .client_ip = "127.0.0.1",
                                        .arrived = loop.Now()},
                                       loop, chain, port);
        call->Begin();
        call->UseOf("face_detection_v1", "1").slo_ms = 100;
        call->Finish(absl::OkStatus());
      }
      best = std::min(best, (ThreadCpuNs() - began) / kCalls);
    }
    return best;
  }
};

}  // namespace
}  // namespace sluice

int main() {
  using namespace sluice;
  World world;
  const double bare = world.NsPerCall({});
  std::printf("a call without layers             %7.0f ns\n", bare);
  const auto show = [&](const char* what, AccessLog& log, double sample_ratio) {
    world.layers.telemetry.metrics.clear();
    world.layers.telemetry.sample_ratio = sample_ratio;
    Chain chain;
    chain.push_back(std::make_unique<ObserveLayer>(world.layers.On(world.loop, log)));
    std::printf("%-33s %+7.0f ns\n", what, world.NsPerCall(chain) - bare);
    world.layers.telemetry.metrics.clear();
  };
  AccessLog nowhere;
  show("ids, trace, metrics, live calls", nowhere, 0);
  show("the same, one call of 100 kept", nowhere, 0.01);
  show("the same, each call kept", nowhere, 1);
  AccessLog log(open("/dev/null", O_WRONLY | O_CLOEXEC), {});
  show("one of 100 kept, and a log line", log, 0.01);
}
