// ai_inference_breaker_*{method,model_id,version}: what breakers do.
#pragma once

#include <string>

#include "admission/breaker/breaker_core.h"

namespace prometheus {
class Counter;
class Gauge;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace sluice {

class BreakerMetrics {
 public:
  struct Series {
    prometheus::Gauge* state;  // 0 closed, 1 half-open, 2 open
    prometheus::Counter* opened;
    prometheus::Counter* refused;
    prometheus::Counter* shadow_refused;
  };

  explicit BreakerMetrics(prometheus::Registry& registry);
  Series SeriesOf(const std::string& method, const std::string& model_id, const std::string& version);

 private:
  prometheus::Family<prometheus::Gauge>& state_;
  prometheus::Family<prometheus::Counter>& opened_;
  prometheus::Family<prometheus::Counter>& refused_;
  prometheus::Family<prometheus::Counter>& shadow_refused_;
};

}  // namespace sluice
