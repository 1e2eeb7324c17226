#include "admission/breaker/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

namespace sluice {
namespace {

prometheus::Family<prometheus::Counter>& CounterFamily(prometheus::Registry& registry, const char* name,
                                                       const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

}  // namespace

BreakerMetrics::BreakerMetrics(prometheus::Registry& registry)
    : state_(prometheus::BuildGauge()
                 .Name("ai_inference_breaker_state")
                 .Help("Circuit breaker of a model version: 0 closed, 1 half-open (probing), 2 open (refusing).")
                 .Register(registry)),
      opened_(CounterFamily(registry, "ai_inference_breaker_opened_total", "Times that the breaker opened.")),
      refused_(CounterFamily(registry, "ai_inference_breaker_refused_total",
                             "Uses of a model version that its open breaker refused.")),
      shadow_refused_(CounterFamily(registry, "ai_inference_breaker_shadow_refused_total",
                                    "Uses that a shadow rule would have refused.")) {}

BreakerMetrics::Series BreakerMetrics::SeriesOf(const std::string& method, const std::string& model_id,
                                                const std::string& version) {
  const prometheus::Labels labels = {{"method", method}, {"model_id", model_id}, {"version", version}};
  return {&state_.Add(labels), &opened_.Add(labels), &refused_.Add(labels), &shadow_refused_.Add(labels)};
}

}  // namespace sluice
