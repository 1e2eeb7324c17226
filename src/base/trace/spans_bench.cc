// What sending a kept call to a collector costs: its spans, written as OTLP and as Zipkin. Prints nanoseconds per call,
// best of several rounds.
#include <algorithm>
#include <cstdio>

#include "base/strings.h"
#include "base/testing/cpu_time.h"
#include "base/trace/spans.h"

namespace sluice {
namespace {

// A small call: no model, two stages.
std::vector<CallRecordPtr> Calls(size_t count) {
  std::vector<CallRecordPtr> calls;
  for (uint64_t i = 0; i < count; ++i) {
    auto call = std::make_shared<CallRecord>();
    call->trace = {.trace_high = ~i, .trace_low = i * 0x9e3779b97f4a7c15ull, .span_id = i + 1};
    call->began = WallTime(std::chrono::microseconds(1'700'000'000'000'000 + i));
    call->ended = call->began + std::chrono::microseconds(50);
    call->latency_ms = 0.01;
    call->method = "inference.GRPCInferenceService/ServerMetadata";
    call->protocol = "grpc";
    call->request_id = StrCat("01a223a3-86a5-7d30-b22b-", 100000000000 + i);
    call->client_ip = "127.0.0.1";
    call->code_name = "OK";
    call->stages = {{.name = "body", .model = {}, .began = call->began, .ended = call->ended},
                    {.name = "write", .model = {}, .began = call->began, .ended = call->ended}};
    calls.push_back(call);
  }
  return calls;
}

void Show(const char* what, std::string (*encode)(std::span<const CallRecordPtr>, const Resource&)) {
  const std::vector<CallRecordPtr> calls = Calls(512);
  double best = 1e18;
  size_t bytes = 0;
  for (int round = 0; round < 50; ++round) {
    const double began = ThreadCpuNs();
    bytes = encode(calls, {{"service.name", "sluice"}}).size();
    best = std::min(best, ThreadCpuNs() - began);
  }
  std::printf("%-10s %7.0f ns, %zu bytes a call\n", what, best / static_cast<double>(calls.size()),
              bytes / calls.size());
}

}  // namespace
}  // namespace sluice

int main() {
  sluice::Show("OTLP", sluice::ToOtlp);
  sluice::Show("Zipkin", sluice::ToZipkin);
}
