// The two text formats that Prometheus reads: 0.0.4, and OpenMetrics 1.0, which has exemplars. One pass, into a string.
//
//   MetricsText text(MetricsText::Format::kOpenMetrics);
//   text.Family("ai_inference_queue_depth", MetricKind::kGauge, "Items waiting in the queue.");
//   text.Sample(LabelText({{"model_id", id}}), 3);
//   std::string page = text.Finish();
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace sluice {

enum class MetricKind : uint8_t { kCounter, kGauge, kHistogram };

// A call that stands for the others of its bucket.
struct Exemplar {
  uint64_t trace_high = 0, trace_low = 0, span_id = 0;
  double value = 0;
  double at = 0;  // s since 1970; 0: there is none
};

// `name="value",…` without braces, values escaped, in the order given.
std::string LabelText(std::initializer_list<std::pair<std::string_view, std::string_view>> labels);

class MetricsText {
 public:
  enum class Format : uint8_t { kPlain, kOpenMetrics };
  static constexpr std::string_view kPlainType = "text/plain; version=0.0.4; charset=utf-8";
  static constexpr std::string_view kOpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

  // `bytes`: how long the page will be, if that is known.
  explicit MetricsText(Format format, size_t bytes = 0) : format_(format) { out_.reserve(bytes); }

  // Samples of this one follow. A counter's name ends in _total. The name that is open already goes on.
  void Family(std::string_view name, MetricKind kind, std::string_view help);
  // `labels` as LabelText makes them.
  void Sample(std::string_view labels, double value);
  // `counts` has one more than `bounds`, for what is above; `exemplars` is empty or as long.
  void Histogram(std::string_view labels, std::span<const double> bounds, std::span<const uint64_t> counts, double sum,
                 std::span<const Exemplar> exemplars = {});
  // Of prometheus-cpp: counters, gauges and histograms.
  void Families(const std::vector<prometheus::MetricFamily>& families);

  // The page; the object is used up.
  std::string Finish();

 private:
  // What is written of a histogram's bounds: `le="0.1"} `, and of what is above.
  struct BoundTexts {
    std::vector<double> bounds;
    std::vector<std::string> texts;
  };
  const std::vector<std::string>& TextsOf(std::span<const double> bounds);
  void Line(std::string_view suffix, std::string_view labels, double value);
  void Buckets(std::span<const double> bounds, std::span<const uint64_t> counts, std::span<const Exemplar> exemplars);

  const Format format_;
  std::string name_, prefix_;
  std::deque<BoundTexts> bounds_;  // the last ones: most histograms share theirs with others
  MetricKind kind_ = MetricKind::kGauge;
  std::string out_;
};

// Whatever has metrics to show. Thread-safe; never on a loop.
class MetricSource {
 public:
  virtual ~MetricSource() = default;
  virtual void Collect(MetricsText& out) const = 0;
};

}  // namespace sluice
