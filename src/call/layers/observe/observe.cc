#include "call/layers/observe/observe.h"

#include "ai/inference/config/server.pb.h"
#include "base/ids.h"
#include "call/layers/observe/access_line.h"
#include "call/layers/observe/record.h"

namespace sluice {
namespace {

// What comes in thousands must push neither itself nor what is rare out of the last notable calls, and not cost what
// nobody will read: of each thread, in a second.
constexpr uint32_t kSamplesMax = 100;
constexpr uint32_t kRefusalsMax = 1000;

}  // namespace

ObserveLayer::ObserveLayer(const LayerContext& context)
    : random_(context.random),
      log_(context.log),
      telemetry_(context.telemetry),
      counts_(context.options.metrics().enabled()) {
  telemetry_.metrics.push_back(&metrics_);
}

std::string ObserveLayer::RequestIdFor(Call& call) {
  const std::string_view given = call.headers().Get("x-request-id");
  if (IsAcceptableRequestId(given)) return std::string(given);
  return random_.With([now = call.loop().clock().WallNow()](Random& random) { return NewUuidV7(now, random); });
}

// splitmix64: what tells ids apart need not be a secret.
uint64_t ObserveLayer::NewId() {
  uint64_t& state = threads_.Mine().ids;
  while (true) {
    if (state == 0) state = random_.With([](Random& random) { return random.Next(); });
    uint64_t z = state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    if (z ^= z >> 31; z != 0) return z;
  }
}

void ObserveLayer::JoinTrace(Call& call) {
  call.trace = TraceContextOf(call.headers());
  if (!call.trace.known()) {
    call.trace = {.trace_high = NewId(), .trace_low = NewId()};
  }
  call.trace.span_id = NewId();
  call.response_headers().Add("traceresponse", call.trace.ToW3c());
}

Step ObserveLayer::Enter(Call& call) {
  call.request_id = RequestIdFor(call);
  call.response_headers().Add("x-request-id", call.request_id);
  if (!call.method().quiet) JoinTrace(call);
  telemetry_.live.Add(call);
  return Step::kNext;
}

bool ObserveLayer::MayKeep(CallRecord::Kept kept, TimePoint now) {
  using enum CallRecord::Kept;
  const bool sample = kept == kSample && telemetry_.sample_ratio < 1;  // who wants all gets all
  if (!sample && kept != kRefused) return true;
  OfThread& mine = threads_.Mine();
  if (now >= mine.second + std::chrono::seconds(1)) mine = {.ids = mine.ids, .second = now};
  return sample ? mine.samples++ < kSamplesMax : mine.refusals++ < kRefusalsMax;
}

bool ObserveLayer::Keep(Call& call, const CallEnd& end) {
  const auto kept = KeptOf(call, telemetry_.sample_ratio);
  if (!kept || !MayKeep(*kept, end.at)) return false;
  if (!call.trace.known()) JoinTrace(call);  // of a probe that failed
  const CallRecordPtr record = RecordOf(call, *kept, end);
  telemetry_.notable.Offer(record);
  if (telemetry_.spans != nullptr) telemetry_.spans->Offer(record);
  return true;
}

void ObserveLayer::Leave(Call& call) noexcept {
  telemetry_.live.Remove(call);
  const Clock& clock = call.loop().clock();
  const CallEnd end{.at = clock.Now(), .wall = clock.WallNow()};
  const bool kept = Keep(call, end);
  if (counts_) metrics_.Record(call, end, kept);
  if (!log_.enabled() || (call.method().quiet && call.outcome().ok())) return;
  thread_local LineBuffer line;
  FormatAccessLine(call, end.wall, line);
  log_.Append(line.view());
}

}  // namespace sluice
