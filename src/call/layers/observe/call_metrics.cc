#include "call/layers/observe/call_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "call/outcome.h"

namespace sluice {
namespace {

using prometheus::Counter;
using prometheus::Histogram;
using Labels = std::map<std::string, std::string>;

// From a fraction of a millisecond (a health check) to a long multimodal call.
const Histogram::BucketBoundaries kLatencySeconds = {0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075,
                                                     0.1,     0.15,   0.25,  0.5,    1,     2.5,  5,     10};

struct Key {
  const Method* method;
  Protocol protocol;
  int code;
  std::string model_id, version;

  bool operator==(const Key&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const Key& k) {
    return H::combine(std::move(h), k.method, k.protocol, k.code, k.model_id, k.version);
  }
};

uint64_t NextGeneration() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace

struct CallMetrics::Families {
  explicit Families(prometheus::Registry& r)
      : requests(
            prometheus::BuildCounter().Name("ai_inference_requests_total").Help("Calls that have ended.").Register(r)),
        success(prometheus::BuildCounter()
                    .Name("ai_inference_requests_success_total")
                    .Help("Calls that ended with OK.")
                    .Register(r)),
        errors(prometheus::BuildCounter()
                   .Name("ai_inference_requests_error_total")
                   .Help("Calls that failed, by cause: model, network, client or overload.")
                   .Register(r)),
        latency(prometheus::BuildHistogram()
                    .Name("ai_inference_latency_seconds")
                    .Help("Time from the request fully received to the result ready.")
                    .Register(r)),
        bytes_in(prometheus::BuildCounter()
                     .Name("ai_inference_request_bytes_total")
                     .Help("Bytes of request messages.")
                     .Register(r)),
        bytes_out(prometheus::BuildCounter()
                      .Name("ai_inference_response_bytes_total")
                      .Help("Bytes of response messages.")
                      .Register(r)) {}

  prometheus::Family<Counter>& requests;
  prometheus::Family<Counter>& success;
  prometheus::Family<Counter>& errors;
  prometheus::Family<Histogram>& latency;
  prometheus::Family<Counter>& bytes_in;
  prometheus::Family<Counter>& bytes_out;
};

// Metrics of one label set, resolved once.
struct CallMetrics::Series {
  Counter& requests;
  Counter* success;  // null for an error code
  prometheus::Family<Counter>& errors;
  Labels error_labels;
  Histogram& latency;
  Counter& bytes_in;
  Counter& bytes_out;
};

CallMetrics::CallMetrics(prometheus::Registry& registry)
    : generation_(NextGeneration()), families_(std::make_unique<Families>(registry)) {}
CallMetrics::~CallMetrics() = default;

std::unique_ptr<CallMetrics::Series> CallMetrics::MakeSeries(const Call& call, const CallUse& use, int code) const {
  const Labels io = {{"method", call.method().name}, {"protocol", std::string(ToString(call.protocol()))}};
  Labels model = io;
  model["model_id"] = use.model_id;
  model["version"] = use.model_version;
  Labels with_code = model;
  with_code["code"] = std::string(GrpcCodeName(code));
  return std::unique_ptr<Series>(new Series{.requests = families_->requests.Add(with_code),
                                            .success = code == 0 ? &families_->success.Add(model) : nullptr,
                                            .errors = families_->errors,
                                            .error_labels = model,
                                            .latency = families_->latency.Add(model, kLatencySeconds),
                                            .bytes_in = families_->bytes_in.Add(io),
                                            .bytes_out = families_->bytes_out.Add(io)});
}

CallMetrics::Series& CallMetrics::SeriesOf(const Call& call, const CallUse& use) {
  // Resolving labels costs 140 ns a metric and takes a lock; each loop keeps what it resolved.
  thread_local absl::flat_hash_map<std::pair<uint64_t, Key>, std::unique_ptr<Series>> cache;
  const int code = GrpcCodeOf(call.outcome());
  auto& series = cache[{generation_, Key{&call.method(), call.protocol(), code, use.model_id, use.model_version}}];
  if (series == nullptr) series = MakeSeries(call, use, code);
  return *series;
}

void CallMetrics::Record(Call& call) {
  static const CallUse none;
  for (size_t i = 0; i < std::max<size_t>(1, call.uses.size()); ++i) {
    Series& series = SeriesOf(call, call.uses.empty() ? none : call.uses[i]);
    RecordUse(call, series);
    if (i > 0) continue;
    series.bytes_in.Increment(static_cast<double>(call.bytes_in));
    series.bytes_out.Increment(static_cast<double>(call.bytes_out));
  }
}

void CallMetrics::RecordUse(Call& call, Series& series) {
  series.requests.Increment();
  if (series.success != nullptr) {
    series.success->Increment();
  } else {
    Labels labels = series.error_labels;
    labels["error_type"] = std::string(ErrorTypeOf(call.outcome()));
    series.errors.Add(labels).Increment();
  }
  series.latency.Observe(call.LatencyMs() / 1000);
}

}  // namespace sluice
