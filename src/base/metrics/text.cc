#include "base/metrics/text.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/plain_text.h"
#include "base/strings.h"
#include "base/trace_context.h"
#include "base/uninitialized.h"

namespace sluice {
namespace {

constexpr std::string_view kTotal = "_total";

std::string_view KindName(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter: return "counter";
    case MetricKind::kGauge: return "gauge";
    case MetricKind::kHistogram: return "histogram";
  }
  return "unknown";
}

void AppendEscaped(std::string_view text, std::string& out) {
  if (IsPlainText(text)) return void(out.append(text));
  for (const char c : text) {
    if (c == '\n') {
      out.append("\\n");
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
}

void AppendNumber(double value, std::string& out) {
  if (std::isnan(value)) return void(out.append("NaN"));
  if (std::isinf(value)) return void(out.append(value > 0 ? "+Inf" : "-Inf"));
  char digits[40];
  // Counts look like counts.
  const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
  const auto end = whole ? std::to_chars(digits, digits + sizeof digits, static_cast<int64_t>(value)).ptr
                         : std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

constexpr size_t kCountBytesMax = 20, kExemplarBytesMax = 200;

// " # {trace_id=…,span_id=…} value moment"
char* PutExemplar(const Exemplar& exemplar, char* to) {
  const TraceContext trace{.trace_high = exemplar.trace_high, .trace_low = exemplar.trace_low};
  std::string text = StrCat(" # {trace_id=\"", trace.TraceId(), "\",span_id=\"", HexId(exemplar.span_id), "\"} ");
  AppendNumber(exemplar.value, text);
  to = std::copy(text.begin(), text.end(), to);
  *to++ = ' ';
  constexpr size_t kMomentBytesMax = 40;
  return std::to_chars(to, to + kMomentBytesMax, exemplar.at, std::chars_format::fixed, 3).ptr;
}

// A bucket's bound is a label, so it is always written in one way: OpenMetrics wants 1.0, not 1.
void AppendBound(double bound, std::string& out) {
  const size_t from = out.size();
  AppendNumber(bound, out);
  if (std::isfinite(bound) && out.find_first_of(".e", from) == std::string::npos) out.append(".0");
}

void AppendLabel(std::string_view name, std::string_view value, std::string& out) {
  if (!out.empty()) out.push_back(',');
  out.append(name).append("=\"");
  AppendEscaped(value, out);
  out.push_back('"');
}

std::string LabelsOf(const prometheus::ClientMetric& metric) {
  std::string out;
  for (const auto& label : metric.label) AppendLabel(label.name, label.value, out);
  return out;
}

}  // namespace

std::string LabelText(std::initializer_list<std::pair<std::string_view, std::string_view>> labels) {
  std::string out;
  for (const auto& [name, value] : labels) AppendLabel(name, value, out);
  return out;
}

void MetricsText::Family(std::string_view name, MetricKind kind, std::string_view help) {
  if (name == name_) return;
  name_ = name;
  kind_ = kind;
  // OpenMetrics names a counter without the end that its samples have.
  std::string_view family = name;
  if (format_ == Format::kOpenMetrics && kind == MetricKind::kCounter && family.ends_with(kTotal)) {
    family.remove_suffix(kTotal.size());
  }
  out_.append("# HELP ").append(family).push_back(' ');
  AppendEscaped(help, out_);
  out_.append("\n# TYPE ").append(family).append(" ").append(KindName(kind)).push_back('\n');
}

void MetricsText::Line(std::string_view suffix, std::string_view labels, double value) {
  out_.append(name_).append(suffix);
  if (!labels.empty()) out_.append("{").append(labels).push_back('}');
  out_.push_back(' ');
  AppendNumber(value, out_);
}

void MetricsText::Sample(std::string_view labels, double value) {
  Line({}, labels, value);
  out_.push_back('\n');
}

const std::vector<std::string>& MetricsText::TextsOf(std::span<const double> bounds) {
  for (const BoundTexts& known : bounds_) {
    if (std::ranges::equal(known.bounds, bounds)) return known.texts;
  }
  constexpr size_t kKept = 8;
  if (bounds_.size() == kKept) bounds_.pop_front();
  BoundTexts& made = bounds_.emplace_back();
  made.bounds.assign(bounds.begin(), bounds.end());
  for (size_t i = 0; i <= bounds.size(); ++i) {
    std::string& text = made.texts.emplace_back("le=\"");
    AppendBound(i < bounds.size() ? bounds[i] : INFINITY, text);
    text.append("\"} ");
  }
  return made.texts;
}

// Most lines of a page are buckets: all but the number of each is prepared, and room is made for all of them at once.
void MetricsText::Buckets(std::span<const double> bounds, std::span<const uint64_t> counts,
                          std::span<const Exemplar> exemplars) {
  const std::vector<std::string>& texts = TextsOf(bounds);
  size_t most = counts.size() * (prefix_.size() + kCountBytesMax + 1);
  for (const std::string& text : texts) most += text.size();
  for (const Exemplar& exemplar : exemplars) most += exemplar.at > 0 ? kExemplarBytesMax : 0;
  const size_t before = out_.size();
  ResizeUninitialized(out_, before + most);
  char* to = out_.data() + before;
  uint64_t count = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    count += counts[i];
    to = std::copy(prefix_.begin(), prefix_.end(), to);
    to = std::copy(texts[i].begin(), texts[i].end(), to);
    to = std::to_chars(to, to + kCountBytesMax, count).ptr;
    if (i < exemplars.size() && exemplars[i].at > 0) to = PutExemplar(exemplars[i], to);
    *to++ = '\n';
  }
  out_.resize(static_cast<size_t>(to - out_.data()));
}

void MetricsText::Histogram(std::string_view labels, std::span<const double> bounds, std::span<const uint64_t> counts,
                            double sum, std::span<const Exemplar> exemplars) {
  prefix_.assign(name_).append("_bucket{").append(labels).append(labels.empty() ? "" : ",");
  Buckets(bounds, counts, format_ == Format::kOpenMetrics ? exemplars : std::span<const Exemplar>());
  Line("_count", labels, static_cast<double>(std::accumulate(counts.begin(), counts.end(), uint64_t{0})));
  out_.push_back('\n');
  Line("_sum", labels, sum);
  out_.push_back('\n');
}

void MetricsText::Families(const std::vector<prometheus::MetricFamily>& families) {
  for (const prometheus::MetricFamily& family : families) {
    const bool counter = family.type == prometheus::MetricType::Counter;
    const bool histogram = family.type == prometheus::MetricType::Histogram;
    Family(family.name,
           counter     ? MetricKind::kCounter
           : histogram ? MetricKind::kHistogram
                       : MetricKind::kGauge,
           family.help);
    for (const prometheus::ClientMetric& metric : family.metric) {
      if (!histogram) {
        Sample(LabelsOf(metric), counter ? metric.counter.value : metric.gauge.value);
        continue;
      }
      std::vector<double> bounds;
      std::vector<uint64_t> counts;
      uint64_t before = 0;
      for (const auto& bucket : metric.histogram.bucket) {
        if (std::isfinite(bucket.upper_bound)) bounds.push_back(bucket.upper_bound);
        counts.push_back(bucket.cumulative_count - std::exchange(before, bucket.cumulative_count));
      }
      Histogram(LabelsOf(metric), bounds, counts, metric.histogram.sample_sum);
    }
  }
}

std::string MetricsText::Finish() {
  if (format_ == Format::kOpenMetrics) out_.append("# EOF\n");
  return std::move(out_);
}

}  // namespace sluice
