#include "base/metrics/text.h"

#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>

#include "base/metrics/histogram.h"

namespace sluice {
namespace {

std::string Page(MetricsText::Format format) {
  MetricsText text(format);
  text.Family("calls_total", MetricKind::kCounter, "Calls.\nAll of them.");
  text.Sample(LabelText({{"model", "a\"b\\c\nd"}, {"version", "1"}}), 3);
  text.Family("busy", MetricKind::kGauge, "Share.");
  text.Sample({}, 0.25);
  text.Family("took_seconds", MetricKind::kHistogram, "Time.");
  const Exemplar one{.trace_high = 1, .trace_low = 2, .span_id = 3, .value = 0.7, .at = 1700000000.5};
  text.Histogram(LabelText({{"m", "x"}}), std::array{0.5, 1.0}, std::array<uint64_t, 3>{1, 2, 4}, 9.5,
                 std::array{Exemplar(), one, Exemplar()});
  return text.Finish();
}

TEST(MetricsTextTest, Plain) {
  EXPECT_EQ(Page(MetricsText::Format::kPlain), R"(# HELP calls_total Calls.\nAll of them.
# TYPE calls_total counter
calls_total{model="a\"b\\c\nd",version="1"} 3
# HELP busy Share.
# TYPE busy gauge
busy 0.25
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{m="x",le="0.5"} 1
took_seconds_bucket{m="x",le="1.0"} 3
took_seconds_bucket{m="x",le="+Inf"} 7
took_seconds_count{m="x"} 7
took_seconds_sum{m="x"} 9.5
)");
}

TEST(MetricsTextTest, OpenMetricsHasExemplarsAndAnEnd) {
  const std::string page = Page(MetricsText::Format::kOpenMetrics);
  EXPECT_NE(page.find("# TYPE calls counter\ncalls_total{"), std::string::npos) << page;
  EXPECT_NE(
      page.find("le=\"1.0\"} 3 # {trace_id=\"00000000000000010000000000000002\",span_id=\"0000000000000003\"} 0.7 "
                "1700000000.500\n"),
      std::string::npos)
      << page;
  EXPECT_TRUE(page.ends_with("# EOF\n"));
}

TEST(MetricsTextTest, AFamilyGoesOn) {
  MetricsText text(MetricsText::Format::kPlain);
  text.Family("a", MetricKind::kGauge, "x");
  text.Sample("s=\"1\"", 1);
  text.Family("a", MetricKind::kGauge, "x");
  text.Sample("s=\"2\"", 2);
  EXPECT_EQ(text.Finish(), "# HELP a x\n# TYPE a gauge\na{s=\"1\"} 1\na{s=\"2\"} 2\n");
}

TEST(MetricsTextTest, WhatPrometheusCppCounts) {
  prometheus::Registry registry;
  prometheus::BuildCounter().Name("c_total").Help("c").Register(registry).Add({{"l", "v"}}).Increment(2);
  prometheus::BuildHistogram()
      .Name("h")
      .Help("h")
      .Register(registry)
      .Add({}, prometheus::Histogram::BucketBoundaries{1, 2})
      .Observe(1.5);
  MetricsText text(MetricsText::Format::kPlain);
  text.Families(registry.Collect());
  const std::string page = text.Finish();
  EXPECT_NE(page.find("c_total{l=\"v\"} 2\n"), std::string::npos) << page;
  EXPECT_NE(
      page.find("h_bucket{le=\"1.0\"} 0\nh_bucket{le=\"2.0\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1.5\n"),
      std::string::npos)
      << page;
}

TEST(HistogramTest, BoundsOfOneToFiveHundredMsAreATenthApart) {
  const Bounds& fine = FineSeconds();
  for (size_t i = 1; i < fine.size(); ++i) {
    ASSERT_GT(fine[i], fine[i - 1]);
    if (fine[i - 1] < 0.001 || fine[i] > 0.5) continue;
    EXPECT_LE(fine[i] / fine[i - 1], 1.102) << fine[i];
  }
  EXPECT_EQ(std::count(fine.begin(), fine.end(), 0.1), 1);
}

TEST(HistogramTest, ABoundIsInclusiveAndMayBeAdded) {
  const Bounds bounds = With({0.1, 0.2}, 0.15);
  EXPECT_EQ(bounds, (Bounds{0.1, 0.15, 0.2}));
  EXPECT_EQ(With(bounds, 0.15), bounds);
  EXPECT_EQ(With(bounds, 0), bounds);
  OwnHistogram one(bounds), two(bounds);
  one.Observe(0.15);
  one.Observe(0.16);
  two.Observe(7);
  HistogramSum sum;
  sum.Add(one);
  sum.Add(two);
  EXPECT_EQ(sum.counts, (std::vector<uint64_t>{0, 1, 1, 1}));
  EXPECT_DOUBLE_EQ(sum.sum, 0.15 + 0.16 + 7);
}

}  // namespace
}  // namespace sluice
