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

char* PutCut(std::string_view text, char* to) {
  return PutJsonText(text.size() > kTextBytesMax ? CutUtf8(text, kTextBytesMax) : text, to);
}

// Names, numbers and texts of the program's own, of the whole line; and of each use.
constexpr size_t kFixedBytesMax = 1024, kUseBytesMax = 128;

size_t BytesMax(const Call& call) {
  const auto most = [](std::string_view text) { return JsonTextBytesMax(std::min(text.size(), kTextBytesMax)); };
  size_t bytes = kFixedBytesMax + most(call.request_id) + most(call.client_ip) + most(call.key_id);
  // The first one's id stands twice.
  for (const CallUse& use : call.uses) bytes += kUseBytesMax + 2 * most(use.model_id) + most(use.model_version);
  if (!call.outcome().ok()) bytes += most(ToStd(call.outcome().message()));
  return bytes;
}

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

char* PutTraceId(const TraceContext& trace, char* to) {
  if (!trace.known()) return PutLiteral("null", to);
  *to++ = '"';
  if (trace.trace_high != 0) to = PutHex(trace.trace_high, to);
  to = PutHex(trace.trace_low, to);
  *to++ = '"';
  return to;
}

char* PutModels(const Call& call, char* to) {
  to = PutLiteral(",\"models\":[", to);
  for (const CallUse& use : call.uses) {
    if (&use != &call.uses.front()) *to++ = ',';
    to = PutLiteral("{\"model_id\":", to);
    to = PutCut(use.model_id, to);
    to = PutLiteral(",\"version\":", to);
    to = PutCut(use.model_version, to);
    to = PutLiteral(",\"queue_ms\":", to);
    to = PutMillis(use.queue_ms, to);
    to = PutLiteral(",\"infer_ms\":", to);
    to = PutMillis(use.infer_ms, to);
    *to++ = '}';
  }
  *to++ = ']';
  return to;
}

// Who decided, and how; the figures are in the error's own words.
char* PutDecision(const Call& call, char* to) {
  to = PutLiteral(",\"reason\":", to);
  to = PutJsonPlain(InfoOf(ReasonOf(call.outcome())).name, to);
  to = PutLiteral(",\"ended_in\":", to);
  to = PutJsonPlain(call.notes.empty() ? call.ended_in() : call.notes.front().layer, to);
  if (const auto after = RetryAfterOf(call.outcome())) {
    to = PutLiteral(",\"retry_after_ms\":", to);
    to = PutNumber(static_cast<uint64_t>(std::max<int64_t>(0, absl::ToInt64Milliseconds(*after))), to);
  }
  return to;
}

// Who asked for what, and what became of it.
char* PutCall(Call& call, WallTime now, char* to) {
  const absl::Status& outcome = call.outcome();
  to = PutLiteral("{\"timestamp\":\"", to);
  to = PutRfc3339(now, to);
  to = PutLiteral("\",\"request_id\":", to);
  to = PutCut(call.request_id, to);
  to = PutLiteral(",\"client_ip\":", to);
  to = PutCut(call.client_ip, to);
  to = PutLiteral(",\"model_id\":", to);
  to = PutCut(call.uses.empty() ? std::string_view() : call.uses.front().model_id, to);
  to = PutLiteral(",\"latency\":", to);
  to = PutMillis(call.LatencyMs(), to);
  if (outcome.ok()) {
    to = PutLiteral(",\"status\":\"success\",\"error\":null,\"trace_id\":", to);
  } else {
    to = PutLiteral(",\"status\":\"error\",\"error\":", to);
    to = PutCut(ToStd(outcome.message()), to);
    to = PutLiteral(",\"trace_id\":", to);
  }
  return PutTraceId(call.trace, to);
}

char* PutTimes(const Call& call, char* to) {
  if (call.uses.empty()) return PutLiteral(",\"queue_ms\":0.000,\"infer_ms\":0.000", to);
  const Longest longest(call);
  to = PutLiteral(",\"queue_ms\":", to);
  to = PutMillis(longest.queue_ms, to);
  to = PutLiteral(",\"infer_ms\":", to);
  return PutMillis(longest.infer_ms, to);
}

// How it was asked, and what it took.
char* PutFigures(const Call& call, char* to) {
  to = PutLiteral(",\"method\":", to);
  to = PutJsonPlain(call.method().name, to);
  to = PutLiteral(",\"protocol\":", to);
  to = PutJsonPlain(ToString(call.protocol()), to);
  to = PutLiteral(",\"code\":", to);
  to = PutJsonPlain(GrpcCodeName(GrpcCodeOf(call.outcome())), to);
  to = PutLiteral(",\"bytes_in\":", to);
  to = PutNumber(call.bytes_in, to);
  to = PutLiteral(",\"bytes_out\":", to);
  to = PutNumber(call.bytes_out, to);
  to = PutTimes(call, to);
  to = PutLiteral(",\"key_id\":", to);
  return PutCut(call.key_id, to);
}

}  // namespace

void FormatAccessLine(Call& call, WallTime now, LineBuffer& out) {
  char* to = out.Room(BytesMax(call) + call.method().name.size());
  to = PutCall(call, now, to);
  to = PutFigures(call, to);
  if (call.uses.size() > 1) to = PutModels(call, to);
  if (!call.outcome().ok()) to = PutDecision(call, to);
  *to++ = '}';
  out.EndAt(to);
}

}  // namespace sluice
