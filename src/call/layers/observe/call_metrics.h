// The ai_inference_* metrics of finished calls.
//
//   ai_inference_requests_total{model_id,version,method,protocol,code}
//   ai_inference_requests_success_total{model_id,version,method,protocol}
//   ai_inference_requests_error_total{model_id,version,method,protocol,error_type}   model, network, client, overload
//   ai_inference_latency_seconds{model_id,version,method,protocol}                   histogram: request received →
//   result ready ai_inference_request_bytes_total, ai_inference_response_bytes_total{method,protocol}
//
// A call that used several models counts once for each of them; its bytes count once.
//
// Labels are bounded: models that exist, methods and protocols that are registered, gRPC codes. Never request data.
#pragma once

#include <memory>

#include "call/call.h"

namespace prometheus {
class Registry;
}

namespace sluice {

// Thread-safe.
class CallMetrics {
 public:
  explicit CallMetrics(prometheus::Registry& registry);
  ~CallMetrics();
  void Record(Call& call);

 private:
  struct Families;
  struct Series;
  Series& SeriesOf(const Call& call, const CallUse& use);
  std::unique_ptr<Series> MakeSeries(const Call& call, const CallUse& use, int code) const;
  static void RecordUse(Call& call, Series& series);

  const uint64_t generation_;  // tells this object's thread-local cache entries from those of another
  std::unique_ptr<Families> families_;
};

}  // namespace sluice
