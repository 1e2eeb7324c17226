#include "call/layers/observe/access_line.h"

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/outcome.h"

namespace sluice {
namespace {

// Of one text: a line of a call stays short, whatever the client sent.
constexpr size_t kTextBytesMax = 1024;

void PutCut(std::string_view text, JsonLine& out) { out.PutText(CutUtf8(text, kTextBytesMax)); }

// Uses of several models run side by side, as the parts of a multimodal call do.
struct Longest {
  explicit Longest(const Call& call) {
    for (const CallUse& use : call.uses) {
      queue_ms = std::max(queue_ms, use.queue_ms);
      infer_ms = std::max(infer_ms, use.infer_ms);
    }
  }
  double queue_ms = 0, infer_ms = 0;
};

void PutTraceId(const TraceContext& trace, JsonLine& out) {
  if (!trace.known()) return out.Put("null");
  out.Put('"');
  if (trace.trace_high != 0) out.PutHex(trace.trace_high);
  out.PutHex(trace.trace_low);
  out.Put('"');
}

void PutModels(const Call& call, JsonLine& out) {
  out.Put(",\"models\":[");
  for (const CallUse& use : call.uses) {
    if (&use != &call.uses.front()) out.Put(',');
    out.Put("{\"model_id\":");
    PutCut(use.model_id, out);
    out.Put(",\"version\":");
    PutCut(use.model_version, out);
    out.Put(",\"queue_ms\":");
    out.PutMillis(use.queue_ms);
    out.Put(",\"infer_ms\":");
    out.PutMillis(use.infer_ms);
    out.Put('}');
  }
  out.Put(']');
}

// Who decided, and how; the figures are in the error's own words.
void PutDecision(const Call& call, JsonLine& out) {
  out.Put(",\"reason\":");
  out.PutText(InfoOf(ReasonOf(call.outcome())).name);
  out.Put(",\"ended_in\":");
  out.PutText(call.notes.empty() ? call.ended_in() : call.notes.front().layer);
  if (const auto after = RetryAfterOf(call.outcome())) {
    out.Put(",\"retry_after_ms\":");
    out.PutNumber(static_cast<uint64_t>(std::max<int64_t>(0, absl::ToInt64Milliseconds(*after))));
  }
}

// Who asked for what, and what became of it.
void PutCall(Call& call, WallTime now, JsonLine& out) {
  const absl::Status& outcome = call.outcome();
  out.Put("{\"timestamp\":\"");
  out.PutTime(now);
  out.Put("\",\"request_id\":");
  PutCut(call.request_id, out);
  out.Put(",\"client_ip\":");
  PutCut(call.client_ip, out);
  out.Put(",\"model_id\":");
  PutCut(call.uses.empty() ? std::string_view() : call.uses.front().model_id, out);
  out.Put(",\"latency\":");
  out.PutMillis(call.LatencyMs());
  if (outcome.ok()) {
    out.Put(",\"status\":\"success\",\"error\":null,\"trace_id\":");
  } else {
    out.Put(",\"status\":\"error\",\"error\":");
    PutCut(ToStd(outcome.message()), out);
    out.Put(",\"trace_id\":");
  }
  PutTraceId(call.trace, out);
}

void PutTimes(const Call& call, JsonLine& out) {
  if (call.uses.empty()) return out.Put(",\"queue_ms\":0.000,\"infer_ms\":0.000");
  const Longest longest(call);
  out.Put(",\"queue_ms\":");
  out.PutMillis(longest.queue_ms);
  out.Put(",\"infer_ms\":");
  out.PutMillis(longest.infer_ms);
}

// How it was asked, and what it took.
void PutFigures(const Call& call, JsonLine& out) {
  out.Put(",\"method\":");
  out.PutPlain(call.method().name);
  out.Put(",\"protocol\":");
  out.PutPlain(ToString(call.protocol()));
  out.Put(",\"code\":");
  out.PutPlain(GrpcCodeName(GrpcCodeOf(call.outcome())));
  out.Put(",\"bytes_in\":");
  out.PutNumber(call.bytes_in);
  out.Put(",\"bytes_out\":");
  out.PutNumber(call.bytes_out);
  PutTimes(call, out);
  out.Put(",\"key_id\":");
  PutCut(call.key_id, out);
}

}  // namespace

void FormatAccessLine(Call& call, WallTime now, JsonLine& out) {
  out.Clear();
  PutCall(call, now, out);
  PutFigures(call, out);
  if (call.uses.size() > 1) PutModels(call, out);
  if (!call.outcome().ok()) PutDecision(call, out);
  out.Put('}');
}

}  // namespace sluice
