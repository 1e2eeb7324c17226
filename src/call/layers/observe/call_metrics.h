// The ai_inference_* metrics of finished calls.
//
//   ai_inference_requests_total{code,method,model_id,protocol,version}
//   ai_inference_requests_success_total{method,model_id,protocol,version}
//   ai_inference_requests_error_total{error_type,…}    model, network, client, overload
//   ai_inference_latency_seconds{…,outcome}            histogram: request received → result ready; success, refused,
//                                                      failed
//   ai_inference_request_bytes_total, ai_inference_response_bytes_total{method,protocol}
//   ai_inference_stage_seconds{model_id,stage,version} histogram, stages body and write: see door/scrape.h
//
// A call whose parts use several models counts once for each of them; its bytes count once. One that a fallback took
// over counts for that one alone: Call::uses does not have those that refused it.
//
// Labels are bounded: models that exist (none: an empty id), methods and protocols that are registered, gRPC codes.
// Never request data.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/metrics/histogram.h"
#include "base/metrics/text.h"
#include "base/per_thread.h"
#include "call/call.h"
#include "call/layers/observe/record.h"

namespace sluice {

inline constexpr std::string_view kStageMetric = "ai_inference_stage_seconds";
inline constexpr std::string_view kStageHelp =
    "Time of one stage of a call, by model: body (until the request is complete), queue (waiting for a worker), decode "
    "(bytes to pixels or values), pre (to the model's input), infer and post (the worker's), write (from the result to "
    "the answer's bytes). Says where latency comes from.";

// Thread-safe: each thread counts for itself.
class CallMetrics final : public MetricSource {
 public:
  // `kept`: it becomes a trace, which the histograms may point to.
  void Record(Call& call, const CallEnd& end, bool kept);
  // The stages come last, so that those of models can follow.
  void Collect(MetricsText& out) const override;

 private:
  enum Outcome : uint8_t { kSuccess, kRefused, kFailed };
  static constexpr const char* kOutcomes[] = {"success", "refused", "failed"};
  struct Key {
    const Method* method;
    Protocol protocol;
    uint8_t code;
    uint8_t reason;
    std::string_view error_type;
    std::string_view model_id, version;  // of the series, in the map

    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& k) {
      return H::combine(std::move(h), k.method, k.protocol, k.code, k.reason, k.error_type, k.model_id, k.version);
    }
  };
  // What one thread counts for one key.
  struct Series {
    Series(const Key& key, const absl::Status& outcome, double slo_ms);

    const std::string model_id, version;
    const std::string labels;     // method, model_id, protocol, version
    const std::string io_labels;  // method, protocol
    const std::string_view code, error_type;
    const Outcome outcome;
    OwnCounter calls, bytes_in, bytes_out;
    OwnHistogram latency;
    OwnHistogram body, write;  // of successes
    mutable std::mutex mutex;
    std::vector<Exemplar> exemplars;  // guarded by mutex; empty before the first one
  };
  struct OfThread {
    mutable std::mutex mutex;  // taken by its thread to add, by others to look; its thread looks without
    absl::flat_hash_map<Key, std::unique_ptr<Series>> series;
    // Those of the last calls, by method: nearly always the next one's, too.
    struct Recent {
      Key key{};
      Series* series = nullptr;
    };
    std::array<Recent, 8> recent;
    Recent& RecentOf(const Method& method) {
      return recent[std::bit_cast<uintptr_t>(&method) / alignof(std::max_align_t) % recent.size()];
    }
  };
  using SeriesList = std::vector<const Series*>;

  Series& SeriesOf(const Call& call, const CallUse& use);
  static Series& FindOrAdd(OfThread& mine, const Key& wanted, const Call& call, const CallUse& use);
  SeriesList All() const;
  static void CollectCounts(const SeriesList& all, MetricsText& out);
  static void CollectLatency(const SeriesList& all, MetricsText& out);
  static void CollectStages(const SeriesList& all, MetricsText& out);

  PerThread<OfThread> threads_;
};

}  // namespace sluice
