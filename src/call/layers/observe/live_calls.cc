#include "call/layers/observe/live_calls.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <mutex>

namespace sluice {
namespace {

LiveCall LineOf(const Call& call, TimePoint now) {
  const bool timed = call.deadline() != kNever;
  return {.method = call.method().name,
          .protocol = call.protocol(),
          .request_id = call.request_id,
          .trace_id = call.trace.TraceId(),
          .client_ip = call.client_ip,
          .key_id = call.key_id,
          .model = call.uses.empty() ? std::string() : call.uses.front().model_id,
          .stage = call.StageName(),
          .age_ms = ToMs(now - call.arrived()),
          .deadline_ms = timed ? std::max(0.0, ToMs(call.deadline() - now)) : -1,
          .bytes_in = call.bytes_in,
          .bytes_out = call.bytes_out};
}

size_t IsStream(const Call& call) { return call.method().client_streaming || call.method().server_streaming ? 1 : 0; }

// What the loops say, until the last one said it.
struct Gathering {
  std::mutex mutex;
  size_t missing;
  std::vector<LiveCall> calls;
};

}  // namespace

void LiveCalls::Add(Call& call) {
  OfLoop& mine = loops_.Mine();
  if (mine.loop == nullptr) std::atomic_ref(mine.loop).store(&call.loop());
  call.live_index = static_cast<uint32_t>(mine.calls.size());
  mine.calls.push_back(&call);
  mine.begun[IsStream(call)].Add();
}

void LiveCalls::Remove(Call& call) {
  OfLoop& mine = loops_.Mine();
  std::vector<Call*>& calls = mine.calls;
  mine.ended[IsStream(call)].Add();
  calls[call.live_index] = calls.back();
  calls[call.live_index]->live_index = call.live_index;
  calls.pop_back();
}

void LiveCalls::Collect(MetricsText& out) const {
  std::array<int64_t, 2> open{};
  loops_.ForEach([&open](const OfLoop& one) {
    // What ended is read first, so that none seems to end before it began.
    for (size_t kind = 0; kind < open.size(); ++kind) {
      const auto ended = static_cast<int64_t>(one.ended[kind].Get());
      open[kind] += static_cast<int64_t>(one.begun[kind].Get()) - ended;
    }
  });
  out.Family("ai_inference_calls_in_progress", MetricKind::kGauge,
             "Calls that have begun and not ended, by kind: unary or stream. /debug/requests lists them.");
  constexpr std::string_view kKinds[] = {"kind=\"unary\"", "kind=\"stream\""};
  for (size_t kind = 0; kind < open.size(); ++kind) out.Sample(kKinds[kind], static_cast<double>(open[kind]));
}

std::vector<LiveCall> LiveCalls::ListOf(const OfLoop& mine) {
  std::vector<Call*> oldest = mine.calls;
  const auto older = [](const Call* a, const Call* b) { return a->arrived() < b->arrived(); };
  const size_t count = std::min(oldest.size(), kListMax);
  std::partial_sort(oldest.begin(), oldest.begin() + static_cast<std::ptrdiff_t>(count), oldest.end(), older);
  std::vector<LiveCall> lines;
  for (size_t i = 0; i < count; ++i) lines.push_back(LineOf(*oldest[i], mine.loop->clock().Now()));
  return lines;
}

void LiveCalls::List(Loop& to, std::function<void(std::vector<LiveCall>)> done) const {
  std::vector<std::pair<Loop*, const OfLoop*>> all;
  loops_.ForEach([&all](OfLoop& one) {
    if (Loop* const loop = std::atomic_ref(one.loop).load()) all.emplace_back(loop, &one);
  });
  if (all.empty()) return to.Post([done = std::move(done)] { done({}); });
  const auto gathering = std::make_shared<Gathering>();
  gathering->missing = all.size();
  for (const auto& [loop, mine] : all) {
    loop->Post([&to, gathering, mine = mine, done] {
      std::vector<LiveCall> lines = ListOf(*mine);
      const std::lock_guard lock(gathering->mutex);
      gathering->calls.insert(gathering->calls.end(), std::make_move_iterator(lines.begin()),
                              std::make_move_iterator(lines.end()));
      if (--gathering->missing > 0) return;
      std::sort(gathering->calls.begin(), gathering->calls.end(),
                [](const LiveCall& a, const LiveCall& b) { return a.age_ms > b.age_ms; });
      to.Post([calls = std::move(gathering->calls), done]() mutable { done(std::move(calls)); });
    });
  }
}

}  // namespace sluice
