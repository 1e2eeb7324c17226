// The calls in progress, for whoever wants to see them. Each loop keeps its own, and is asked for them.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "base/metrics/histogram.h"
#include "base/metrics/text.h"
#include "base/per_thread.h"
#include "call/call.h"

namespace sluice {

struct LiveCall {
  std::string_view method;  // Method::name
  Protocol protocol;
  std::string request_id, trace_id, client_ip, key_id, model;
  std::string_view stage;  // Call::StageName
  double age_ms;
  double deadline_ms;  // left; negative: none
  uint64_t bytes_in, bytes_out;
};

class LiveCalls final : public MetricSource {
 public:
  static constexpr size_t kListMax = 1000;  // the oldest ones of each loop

  // On the call's loop.
  void Add(Call& call);
  void Remove(Call& call);
  // ai_inference_calls_in_progress{kind}. Any thread.
  void Collect(MetricsText& out) const override;
  // `done` gets those of all loops, the oldest first, on `to`; not when a loop ends meanwhile. Any thread.
  void List(Loop& to, std::function<void(std::vector<LiveCall>)> done) const;

 private:
  struct OfLoop {
    Loop* loop = nullptr;  // outlives this; null before the first call
    std::vector<Call*> calls;
    std::array<OwnCounter, 2> begun, ended;  // no stream, a stream
  };
  static std::vector<LiveCall> ListOf(const OfLoop& mine);

  PerThread<OfLoop> loops_;
};

}  // namespace sluice
