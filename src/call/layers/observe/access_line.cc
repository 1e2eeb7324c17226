#include "call/layers/observe/access_line.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/ids.h"
#include "base/millis.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/outcome.h"

namespace sluice {
namespace {

// Of one text: a line of a call stays short, whatever the client sent.
constexpr size_t kTextBytesMax = 1024;

void AppendText(std::string_view name, std::string_view value, std::string& out) {
  out.append(",\"").append(name).append("\":");
  if (value.empty()) {
    out.append("null");
  } else {
    AppendJsonString(CutUtf8(value, kTextBytesMax), out);
  }
}

void AppendMs(std::string_view name, double ms, std::string& out) {
  out.append(",\"").append(name).append("\":");
  AppendMillis(ms, out);
}

void AppendCount(std::string_view name, size_t value, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(",\"").append(name).append("\":").append(digits, end);
}

// Uses of several models run side by side, as the parts of a multimodal call do.
CallUse LongestOf(const Call& call) {
  CallUse longest;
  for (const CallUse& use : call.uses) {
    longest.queue_ms = std::max(longest.queue_ms, use.queue_ms);
    longest.infer_ms = std::max(longest.infer_ms, use.infer_ms);
  }
  return longest;
}

void AppendModels(const Call& call, std::string& out) {
  out.append(",\"models\":[");
  for (const CallUse& use : call.uses) {
    if (&use != &call.uses.front()) out.push_back(',');
    out.append("{\"model_id\":");
    AppendJsonString(CutUtf8(use.model_id, kTextBytesMax), out);
    AppendText("version", use.model_version, out);
    AppendMs("queue_ms", use.queue_ms, out);
    AppendMs("infer_ms", use.infer_ms, out);
    out.push_back('}');
  }
  out.push_back(']');
}

// Who decided, and how; the figures are in the error's own words.
void AppendDecision(const Call& call, std::string& out) {
  AppendText("reason", InfoOf(ReasonOf(call.outcome())).name, out);
  AppendText("ended_in", call.notes.empty() ? call.ended_in() : call.notes.front().layer, out);
  if (const auto after = RetryAfterOf(call.outcome())) {
    AppendCount("retry_after_ms", static_cast<size_t>(std::max<int64_t>(0, absl::ToInt64Milliseconds(*after))), out);
  }
}

}  // namespace

void FormatAccessLine(Call& call, WallTime now, std::string& out) {
  const absl::Status& outcome = call.outcome();
  out.assign("{\"timestamp\":\"").append(FormatRfc3339(now)).push_back('"');
  AppendText("request_id", call.request_id, out);
  AppendText("client_ip", call.client_ip, out);
  AppendText("model_id", call.uses.empty() ? std::string_view() : call.uses.front().model_id, out);
  AppendMs("latency", call.LatencyMs(), out);
  out.append(outcome.ok() ? ",\"status\":\"success\"" : ",\"status\":\"error\"");
  AppendText("error", ToStd(outcome.message()), out);
  AppendText("trace_id", call.trace.TraceId(), out);
  AppendText("method", call.method().name, out);
  AppendText("protocol", ToString(call.protocol()), out);
  AppendText("code", GrpcCodeName(GrpcCodeOf(outcome)), out);
  AppendCount("bytes_in", call.bytes_in, out);
  AppendCount("bytes_out", call.bytes_out, out);
  const CallUse longest = LongestOf(call);
  AppendMs("queue_ms", longest.queue_ms, out);
  AppendMs("infer_ms", longest.infer_ms, out);
  AppendText("key_id", call.key_id, out);
  if (call.uses.size() > 1) AppendModels(call, out);
  if (!outcome.ok()) AppendDecision(call, out);
  out.push_back('}');
}

}  // namespace sluice
