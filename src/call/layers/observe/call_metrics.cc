#include "call/layers/observe/call_metrics.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "call/outcome.h"

namespace sluice {
namespace {

// Refusals and failures tell more by their number than by their time.
Bounds LatencyBounds(bool success, double slo_ms) {
  return With(success ? FineSeconds() : CoarseSeconds(), slo_ms / 1000);
}

double Seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

CallMetrics::Series::Series(const Key& key, const absl::Status& status, double slo_ms)
    : model_id(key.model_id),
      version(key.version),
      labels(LabelText({{"method", key.method->name},
                        {"model_id", key.model_id},
                        {"protocol", ToString(key.protocol)},
                        {"version", key.version}})),
      io_labels(LabelText({{"method", key.method->name}, {"protocol", ToString(key.protocol)}})),
      code(GrpcCodeName(key.code)),
      error_type(key.error_type),
      outcome(status.ok()         ? kSuccess
              : IsRefusal(status) ? kRefused
                                  : kFailed),
      latency(LatencyBounds(status.ok(), slo_ms)),
      body(status.ok() ? CoarseSeconds() : Bounds()),
      write(status.ok() ? CoarseSeconds() : Bounds()) {}

CallMetrics::Series& CallMetrics::SeriesOf(const Call& call, const CallUse& use) {
  OfThread& mine = threads_.Mine();
  const absl::Status& outcome = call.outcome();
  const Key wanted{.method = &call.method(),
                   .protocol = call.protocol(),
                   .code = static_cast<uint8_t>(GrpcCodeOf(outcome)),
                   .reason = static_cast<uint8_t>(outcome.ok() ? 0 : ReasonOf(outcome)),
                   .error_type = ErrorTypeOf(call),
                   .model_id = use.model_id,
                   .version = use.model_version};
  OfThread::Recent& recent = mine.RecentOf(call.method());
  if (recent.series == nullptr || recent.key != wanted) {
    Series& found = FindOrAdd(mine, wanted, call, use);
    recent.key = wanted;
    recent.key.model_id = found.model_id;
    recent.key.version = found.version;
    recent.series = &found;
  }
  return *recent.series;
}

CallMetrics::Series& CallMetrics::FindOrAdd(OfThread& mine, const Key& wanted, const Call& call, const CallUse& use) {
  if (const auto it = mine.series.find(wanted); it != mine.series.end()) return *it->second;
  auto made = std::make_unique<Series>(wanted, call.outcome(), use.slo_ms);
  Key key = wanted;
  key.model_id = made->model_id;
  key.version = made->version;
  const std::lock_guard lock(mine.mutex);
  return *mine.series.emplace(key, std::move(made)).first->second;
}

void CallMetrics::Record(Call& call, const CallEnd& end, bool kept) {
  static const CallUse none;
  const double latency = call.LatencyMs() / 1000;
  for (size_t i = 0; i < std::max<size_t>(1, call.uses.size()); ++i) {
    Series& series = SeriesOf(call, call.uses.empty() ? none : call.uses[i]);
    series.calls.Add();
    const size_t bucket = series.latency.Observe(latency);
    if (kept) {
      const std::lock_guard lock(series.mutex);
      series.exemplars.resize(series.latency.bounds().size() + 1);
      series.exemplars[bucket] = {.trace_high = call.trace.trace_high,
                                  .trace_low = call.trace.trace_low,
                                  .span_id = call.trace.span_id,
                                  .value = latency,
                                  .at = std::chrono::duration<double>(end.wall.time_since_epoch()).count()};
    }
    if (i > 0) continue;
    series.bytes_in.Add(call.bytes_in);
    series.bytes_out.Add(call.bytes_out);
    if (series.outcome != kSuccess || call.method().client_streaming || call.method().server_streaming) continue;
    const double body = Seconds(call.received() - call.arrived());
    series.body.Observe(body);
    series.write.Observe(std::max(0.0, Seconds(end.at - call.received()) - latency));
  }
}

CallMetrics::SeriesList CallMetrics::All() const {
  SeriesList all;
  threads_.ForEach([&all](const OfThread& one) {
    const std::lock_guard lock(one.mutex);
    for (const auto& [key, series] : one.series) all.push_back(series.get());
  });
  return all;
}

void CallMetrics::CollectCounts(const SeriesList& all, MetricsText& out) {
  std::map<std::string, double> requests, success, errors, bytes_in, bytes_out;
  for (const Series* one : all) {
    const auto calls = static_cast<double>(one->calls.Get());
    requests[StrCat("code=\"", one->code, "\",", one->labels)] += calls;
    if (one->outcome == kSuccess) {
      success[one->labels] += calls;
    } else {
      errors[StrCat("error_type=\"", one->error_type, "\",", one->labels)] += calls;
    }
    bytes_in[one->io_labels] += static_cast<double>(one->bytes_in.Get());
    bytes_out[one->io_labels] += static_cast<double>(one->bytes_out.Get());
  }
  const auto write = [&out](std::string_view name, std::string_view help,
                            const std::map<std::string, double>& samples) {
    out.Family(name, MetricKind::kCounter, help);
    for (const auto& [labels, value] : samples) out.Sample(labels, value);
  };
  write("ai_inference_requests_total",
        "Calls that have ended, however they ended, by gRPC status code. A call counts for the model that took it, a "
        "refused one for the model that it asked for; a multimodal one for each of its parts' models.",
        requests);
  write("ai_inference_requests_success_total", "Calls that ended with OK.", success);
  write("ai_inference_requests_error_total",
        "Calls that did not end with OK, by whose fault: client (a bad request, a deadline that passed during the "
        "upload or left the model less than half of its slo_ms), overload (refused to protect the others), model (it "
        "failed "
        "or took too long), network (the client went away).",
        errors);
  write("ai_inference_request_bytes_total", "Bytes of request messages and bodies.", bytes_in);
  write("ai_inference_response_bytes_total", "Bytes of response messages and bodies.", bytes_out);
}

void CallMetrics::CollectLatency(const SeriesList& all, MetricsText& out) {
  struct Sum {
    HistogramSum histogram;
    std::vector<Exemplar> exemplars;
  };
  std::map<std::pair<std::string_view, Outcome>, Sum> sums;
  for (const Series* one : all) {
    Sum& sum = sums[{one->labels, one->outcome}];
    sum.histogram.Add(one->latency);
    const std::lock_guard lock(one->mutex);
    if (one->exemplars.empty()) continue;
    sum.exemplars.resize(std::max(sum.exemplars.size(), one->exemplars.size()));
    for (size_t i = 0; i < one->exemplars.size(); ++i) {
      if (one->exemplars[i].at > sum.exemplars[i].at) sum.exemplars[i] = one->exemplars[i];  // the latest
    }
  }
  out.Family(
      "ai_inference_latency_seconds", MetricKind::kHistogram,
      "Time from the request fully received to the result ready (queue, decode, infer, post), as in the answer and "
      "in the access log; successes, refusals and failures apart. One bucket ends exactly at the model's slo_ms.");
  for (const auto& [key, sum] : sums) {
    out.Histogram(StrCat(key.first, ",outcome=\"", kOutcomes[key.second], "\""), sum.histogram.bounds,
                  sum.histogram.counts, sum.histogram.sum, sum.exemplars);
  }
}

void CallMetrics::CollectStages(const SeriesList& all, MetricsText& out) {
  std::map<std::string, HistogramSum> sums;
  for (const Series* one : all) {
    if (one->outcome != kSuccess) continue;
    for (const auto& [stage, histogram] : {std::pair("body", &one->body), std::pair("write", &one->write)}) {
      sums[LabelText({{"model_id", one->model_id}, {"stage", stage}, {"version", one->version}})].Add(*histogram);
    }
  }
  out.Family(kStageMetric, MetricKind::kHistogram, kStageHelp);
  for (const auto& [labels, sum] : sums) out.Histogram(labels, sum.bounds, sum.counts, sum.sum);
}

void CallMetrics::Collect(MetricsText& out) const {
  const SeriesList all = All();
  CollectCounts(all, out);
  CollectLatency(all, out);
  CollectStages(all, out);
}

}  // namespace sluice
