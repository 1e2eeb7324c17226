#include "base/trace/spans.h"

#include <map>

#include "base/strings.h"

namespace sluice {
namespace {

// The id of a call's n-th stage, of a batch's trace: mixed, so that neighbours have nothing in common. Never 0.
uint64_t Derived(uint64_t id, uint64_t n) {
  uint64_t z = id + (n + 1) * 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  z ^= z >> 31;
  return z == 0 ? 1 : z;
}

constexpr size_t kAttributesUsual = 16;  // of a call's span

void AddText(Span& span, std::string_view name, std::string_view value) {
  if (!value.empty()) span.attributes.emplace_back(name, value);
}

// "ai.inference.ImageRecognition/Recognize"
void AddMethod(Span& span, std::string_view method) {
  const size_t slash = method.find('/');
  if (slash == std::string_view::npos) return;
  AddText(span, "rpc.service", method.substr(0, slash));
  AddText(span, "rpc.method", method.substr(slash + 1));
}

Span ServerSpan(const CallRecord& call) {
  Span span{.trace_high = call.trace.trace_high,
            .trace_low = call.trace.trace_low,
            .id = call.trace.span_id,
            .parent = call.trace.parent_id,
            .trace_state = call.trace_state,
            .server = true,
            .name = call.method,
            .began = call.began,
            .ended = call.ended,
            .error = !call.ok(),
            .message = call.message};
  span.attributes.reserve(kAttributesUsual);
  AddText(span, "rpc.system", call.protocol);
  AddMethod(span, call.method);
  span.attributes.emplace_back("rpc.grpc.status_code", int64_t{call.code});
  AddText(span, "error.type", call.reason);
  AddText(span, "client.address", call.client_ip);
  AddText(span, "sluice.request_id", call.request_id);
  AddText(span, "sluice.key_id", call.key_id);
  AddText(span, "sluice.model", call.model);
  AddText(span, "sluice.kept", ToString(call.kept));
  span.attributes.emplace_back("sluice.latency_ms", call.latency_ms);
  span.attributes.emplace_back("sluice.bytes_in", static_cast<int64_t>(call.bytes_in));
  span.attributes.emplace_back("sluice.bytes_out", static_cast<int64_t>(call.bytes_out));
  if (!call.ok()) AddText(span, "sluice.ended_in", call.verdicts.empty() ? call.ended_in : call.verdicts[0].layer);
  if (call.degraded) span.attributes.emplace_back("sluice.degraded", true);
  if (call.replayed) span.attributes.emplace_back("sluice.replayed", true);
  return span;
}

Span StageSpan(const CallRecord& call, size_t index) {
  const CallRecord::Stage& stage = call.stages[index];
  Span span{.trace_high = call.trace.trace_high,
            .trace_low = call.trace.trace_low,
            .id = Derived(call.trace.span_id, index),
            .parent = call.trace.span_id,
            .trace_state = call.trace_state,
            .name = stage.name,
            .began = stage.began,
            .ended = stage.ended};
  AddText(span, "sluice.model", stage.model);
  return span;
}

// Runs that more than one of the spans had a part in.
void AddBatches(const std::multimap<uint64_t, std::pair<size_t, const CallRecord::Stage*>>& runs,
                std::vector<Span>& spans) {
  for (auto it = runs.begin(); it != runs.end();) {
    const auto end = runs.upper_bound(it->first);
    if (std::next(it) == end) {
      it = end;
      continue;
    }
    const uint64_t batch = it->first;
    Span run{.trace_high = Derived(batch, 1), .trace_low = Derived(batch, 2), .id = batch, .name = "batch"};
    AddText(run, "sluice.model", it->second.second->model);
    for (; it != end; ++it) {
      Span& part = spans[it->second.first];
      if (run.links.empty() || part.began < run.began) run.began = part.began;
      run.ended = std::max(run.ended, part.ended);
      run.links.push_back({part.trace_high, part.trace_low, part.id});
      part.links.push_back({run.trace_high, run.trace_low, run.id});
    }
    run.attributes.emplace_back("sluice.batch.kept_items", static_cast<int64_t>(run.links.size()));
    spans.push_back(std::move(run));
  }
}

}  // namespace

std::vector<Span> SpansOf(std::span<const CallRecordPtr> calls) {
  std::vector<Span> spans;
  size_t count = 0;
  for (const CallRecordPtr& call : calls) count += 1 + call->stages.size();
  spans.reserve(count);
  std::multimap<uint64_t, std::pair<size_t, const CallRecord::Stage*>> runs;
  for (const CallRecordPtr& call : calls) {
    spans.push_back(ServerSpan(*call));
    for (size_t i = 0; i < call->stages.size(); ++i) {
      if (const uint64_t batch = call->stages[i].batch; batch != 0) {
        runs.emplace(batch, std::pair(spans.size(), &call->stages[i]));
      }
      spans.push_back(StageSpan(*call, i));
    }
  }
  AddBatches(runs, spans);
  return spans;
}

}  // namespace sluice
