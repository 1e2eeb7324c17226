#include "api/debug/explain.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/rfc3339.h"
#include "base/strings.h"

namespace sluice {
namespace {

using ai::inference::ExplainedCall;

std::string SummaryOf(const CallRecord& call) {
  const std::string model = call.model.empty() ? "" : StrCat(" of ", call.model);
  if (call.ok()) {
    std::string text = absl::StrFormat("Answered%s after %.3f ms", model, call.latency_ms);
    if (call.replayed) absl::StrAppend(&text, ", from the record of an earlier call");
    if (call.degraded) absl::StrAppend(&text, ", by a fallback model");
    if (call.kept == CallRecord::Kept::kSlow)
      absl::StrAppend(&text, absl::StrFormat("; it promises %.0f ms", call.slo_ms));
    return text + ".";
  }
  const std::string_view where = call.verdicts.empty() ? call.ended_in : call.verdicts.front().layer;
  return absl::StrFormat("%s%s after %.3f ms by %s: %s (%s). %s",
                         call.kept == CallRecord::Kept::kRefused ? "Refused" : "Failed", model, call.latency_ms,
                         ToAbsl(where), ToAbsl(call.reason), ToAbsl(call.code_name), call.message);
}

void AddVerdict(std::string_view layer, bool passed, ExplainedCall& out) {
  auto& verdict = *out.add_verdicts();
  verdict.set_layer(std::string(layer));
  verdict.set_verdict(passed ? "passed" : "refused");
}

// Those before the one that refused let it pass; all of them when it is none of them.
void AddCallLayers(const CallRecord& call, const std::vector<std::string>& layers, ExplainedCall& out) {
  for (const std::string& layer : layers) {
    const bool refused = !call.ok() && layer == call.ended_in;
    AddVerdict(layer, !refused, out);
    if (!refused) continue;
    out.mutable_verdicts()->rbegin()->set_reason(std::string(call.reason));
    out.mutable_verdicts()->rbegin()->set_message(call.message);
    return;
  }
}

// Each version that was tried passed the layers before the one that refused it.
void AddAdmissionLayers(const CallRecord& call, const std::vector<std::string>& layers, ExplainedCall& out) {
  for (const CallRecord::Verdict& refusal : call.verdicts) {
    for (const std::string& layer : layers) {
      if (layer == refusal.layer) break;
      AddVerdict(layer, true, out);
      out.mutable_verdicts()->rbegin()->set_model(refusal.model);
    }
    AddVerdict(refusal.layer, false, out);
    auto& verdict = *out.mutable_verdicts()->rbegin();
    verdict.set_model(refusal.model);
    verdict.set_reason(std::string(refusal.reason));
    verdict.set_message(refusal.message);
  }
}

double Milliseconds(WallTime from, WallTime to) { return std::chrono::duration<double, std::milli>(to - from).count(); }

}  // namespace

ExplainedCall ExplanationOf(const CallRecord& call, const std::vector<std::string>& call_layers,
                            const std::vector<std::string>& admission_layers) {
  ExplainedCall out;
  out.set_summary(SummaryOf(call));
  out.set_request_id(call.request_id);
  out.set_trace_id(call.trace.TraceId());
  if (call.trace.span_id != 0) out.set_span_id(HexId(call.trace.span_id));
  out.set_began(FormatRfc3339(call.began));
  out.set_method(std::string(call.method));
  out.set_protocol(std::string(call.protocol));
  out.set_client_ip(call.client_ip);
  out.set_key_id(call.key_id);
  out.set_model(call.model);
  out.set_code(std::string(call.code_name));
  out.set_reason(std::string(call.reason));
  out.set_error_type(std::string(call.error_type));
  out.set_message(call.message);
  out.set_ended_in(std::string(call.ended_in));
  out.set_kept(std::string(ToString(call.kept)));
  out.set_latency_ms(call.latency_ms);
  out.set_slo_ms(call.slo_ms);
  if (call.retry_after_ms >= 0) out.set_retry_after_ms(call.retry_after_ms);
  out.set_bytes_in(call.bytes_in);
  out.set_bytes_out(call.bytes_out);
  out.set_degraded(call.degraded);
  out.set_replayed(call.replayed);
  for (const CallRecord::Stage& stage : call.stages) {
    auto& line = *out.add_stages();
    line.set_name(std::string(stage.name));
    line.set_model(stage.model);
    line.set_after_ms(Milliseconds(call.began, stage.began));
    line.set_took_ms(Milliseconds(stage.began, stage.ended));
  }
  AddCallLayers(call, call_layers, out);
  AddAdmissionLayers(call, admission_layers, out);
  return out;
}

}  // namespace sluice
