// What the layers cost a small call: one Classify of a short text, answered at once, through an empty call chain and
// through the server's, on a loop of its own; without codec, socket and model.
//
//   chain CALLS    ->  {"none":…,"all":…,"all_with_id":…}   CPU µs per call, the medians of five rounds
//
// `all_with_id`: every call has an X-Request-ID of its own, so that its answer is recorded for replays.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <future>

#include "ai/inference/text_classification.pb.h"
#include "base/asio_loop.h"
#include "base/strings.h"
#include "base/testing/cpu_time.h"
#include "call/testing/layer_context.h"
#include "call/unary.h"
#include "door/lists.h"

namespace sluice {
namespace {

using ai::inference::ClassifyRequest;
using ai::inference::ClassifyResponse;

double ThreadMicros() { return ThreadCpuNs() / 1e3; }

class NullPort final : public CallPort {
 public:
  size_t Write(const Message& message) override { return message.ByteSizeLong(); }
  void End(Call&, const absl::Status& status) override { failed += status.ok() ? 0 : 1; }
  void ReadMore() override {}
  int failed = 0;
};

// On the loop: one call after the other, each in a turn of its own.
class Calls {
 public:
  Calls(AsioLoop& loop, const Method& method, const Chain& chain) : loop_(loop), method_(method), chain_(chain) {}

  double MicrosPerCall(int count, bool with_id) {
    with_id_ = with_id;
    left_ = count;
    std::promise<double> done;
    done_ = &done;
    loop_.Post([this] {
      began_ = ThreadMicros();
      Next();
    });
    const double micros = done.get_future().get() / count;
    if (port_.failed > 0) std::abort();
    return micros;
  }

 private:
  void Next() {
    if (left_-- == 0) return done_->set_value(ThreadMicros() - began_);
    One();
    loop_.Post([this] { Next(); });
  }

  void One() {
    Headers headers;
    headers.Add("content-type", "application/json");
    if (with_id_) headers.Add("x-request-id", StrCat("bench-", ++id_));
    const auto call = Call::Create({.method = &method_,
                                    .protocol = Protocol::kRest,
                                    .headers = &headers,
                                    .client_ip = "10.0.0.7",
                                    .arrived = loop_.Now()},
                                   loop_, chain_, port_);
    call->Begin();
    auto request = std::make_unique<ClassifyRequest>();
    request->add_texts("a short text");
    call->Deliver(std::move(request), 40);
    call->RequestEnd();
  }

  AsioLoop& loop_;
  const Method& method_;
  const Chain& chain_;
  NullPort port_;
  bool with_id_ = false;
  int left_ = 0;
  uint64_t id_ = 0;
  double began_ = 0;
  std::promise<double>* done_ = nullptr;
};

int Run(int count) {
  AsioLoop loop("loop");
  TestLayerContext context;
  const auto log = AccessLog::Open("/dev/null", {});
  if (!log.ok()) std::abort();
  MethodTable methods;
  const auto* service = ClassifyRequest::descriptor()->file()->FindServiceByName("TextClassification");
  Method& method = methods.Add(service->FindMethodByName("Classify"),
                               Unary<ClassifyRequest>([](std::shared_ptr<Call> call, std::unique_ptr<ClassifyRequest>) {
                                 ClassifyResponse response;
                                 response.add_results()->set_label("sport");
                                 call->Reply(response);
                               }));
  method.work_class = WorkClass::kBatch;
  const Chain none;
  const Chain all = MakeCallChain(context.On(loop, **log));
  loop.Start();
  Calls without(loop, method, none), with(loop, method, all);
  constexpr size_t kRounds = 5;
  std::array<std::array<double, kRounds>, 3> micros{};
  for (size_t round = 0; round < kRounds; ++round) {
    micros[0][round] = without.MicrosPerCall(count, false);
    micros[1][round] = with.MicrosPerCall(count, false);
    micros[2][round] = with.MicrosPerCall(count, true);
  }
  for (auto& rounds : micros) std::sort(rounds.begin(), rounds.end());
  std::printf("{\"none\":%.2f,\"all\":%.2f,\"all_with_id\":%.2f}\n", micros[0][kRounds / 2], micros[1][kRounds / 2],
              micros[2][kRounds / 2]);
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  const int count = argc == 2 ? std::atoi(argv[1]) : 0;
  if (count <= 0) return std::fputs("chain CALLS\n", stderr), 1;
  return sluice::Run(count);
}
