#include "call/layers/observe/record.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/outcome.h"

namespace sluice {
namespace {

constexpr size_t kMessageBytesMax = 512;

std::string Cut(std::string_view text) { return std::string(CutUtf8(text, kMessageBytesMax)); }

bool Has(const Call& call, std::string_view header) { return call.response_headers().Find(header).has_value(); }

double SloOf(const Call& call) {
  double slo = 0;
  for (const CallUse& use : call.uses) slo = std::max(slo, use.slo_ms);
  return slo;
}

std::string NameOf(const CallUse& use) { return Cut(StrCat(use.model_id, "@", use.model_version)); }

// The calls of one batch were taken in one moment for one version.
uint64_t BatchOf(const std::string& model, TimePoint taken) {
  const uint64_t id =
      std::hash<std::string>()(model) ^ static_cast<uint64_t>(taken.time_since_epoch().count()) * 0x9e3779b97f4a7c15ull;
  return id == 0 ? 1 : id;
}

void AddStages(Call& call, const std::function<WallTime(TimePoint)>& wall, const CallEnd& end, CallRecord& out) {
  if (call.received() > call.arrived()) {
    out.stages.push_back({.name = "body", .model = {}, .began = wall(call.arrived()), .ended = wall(call.received())});
  }
  TimePoint taken{};
  for (const CallStage& stage : call.stages) {
    if (stage.name == "queue") taken = stage.ended;
    std::string model = NameOf(call.uses[stage.use]);
    const uint64_t batch = stage.name == "infer" && taken != TimePoint{} ? BatchOf(model, taken) : 0;
    out.stages.push_back({.name = stage.name,
                          .model = std::move(model),
                          .began = wall(stage.began),
                          .ended = wall(stage.ended),
                          .batch = batch});
  }
  const auto ready = call.received() +
                     std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(call.LatencyMs()));
  if (ready < end.at) out.stages.push_back({.name = "write", .model = {}, .began = wall(ready), .ended = end.wall});
}

void AddVerdicts(const Call& call, CallRecord& out) {
  for (const CallNote& note : call.notes) {
    out.verdicts.push_back({.layer = note.layer,
                            .model = Cut(note.model),
                            .reason = InfoOf(ReasonOf(note.why)).name,
                            .message = Cut(ToStd(note.why.message()))});
  }
}

void AddOutcome(const Call& call, CallRecord& out) {
  const absl::Status& outcome = call.outcome();
  out.code = GrpcCodeOf(outcome);
  out.code_name = GrpcCodeName(out.code);
  out.ended_in = call.ended_in();
  if (outcome.ok()) return;
  const ReasonInfo& info = InfoOf(ReasonOf(outcome));
  out.reason = info.name;
  out.error_type = ErrorTypeOf(call);
  out.message = Cut(ToStd(outcome.message()));
  if (const auto after = RetryAfterOf(outcome)) out.retry_after_ms = absl::ToInt64Milliseconds(*after);
}

}  // namespace

bool IsRefusal(const absl::Status& outcome) {
  if (outcome.ok()) return false;
  const Reason reason = ReasonOf(outcome);
  return reason == Reason::RATE_LIMITED || reason == Reason::QUOTA_EXCEEDED || InfoOf(reason).error_type == "overload";
}

std::optional<CallRecord::Kept> KeptOf(Call& call, double sample_ratio) {
  using enum CallRecord::Kept;
  if (!call.outcome().ok()) return IsRefusal(call.outcome()) ? kRefused : kError;
  if (call.method().quiet) return std::nullopt;
  if (const double slo = SloOf(call); slo > 0 && call.LatencyMs() >= slo && !call.method().server_streaming) {
    return kSlow;
  }
  if (Has(call, "x-sluice-degraded")) return kDegraded;
  if (Has(call, "idempotent-replayed")) return kReplayed;
  if (call.trace.sampled) return kAsked;
  // Of 64 random bits the upper 53 are enough, and exact.
  if (static_cast<double>(call.trace.trace_low >> 11) * 0x1p-53 < sample_ratio) return kSample;
  return std::nullopt;
}

CallRecordPtr RecordOf(Call& call, CallRecord::Kept kept, const CallEnd& end) {
  const auto wall = [&end](TimePoint at) {
    return end.wall - std::chrono::duration_cast<WallTime::duration>(end.at - at);
  };
  auto record = std::make_shared<CallRecord>();
  record->trace = call.trace;
  record->trace_state = TraceStateOf(call.headers());
  record->kept = kept;
  record->began = wall(call.arrived());
  record->ended = end.wall;
  record->latency_ms = call.LatencyMs();
  record->slo_ms = SloOf(call);
  record->method = call.method().name;
  record->protocol = ToString(call.protocol());
  record->request_id = call.request_id;
  record->client_ip = call.client_ip;
  record->key_id = call.key_id;
  if (!call.uses.empty()) record->model = NameOf(call.uses.front());
  record->bytes_in = call.bytes_in;
  record->bytes_out = call.bytes_out;
  record->degraded = Has(call, "x-sluice-degraded");
  record->replayed = Has(call, "idempotent-replayed");
  AddOutcome(call, *record);
  AddStages(call, wall, end, *record);
  AddVerdicts(call, *record);
  return record;
}

}  // namespace sluice
