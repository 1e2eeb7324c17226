#include "cli/bench/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

namespace sluice::cli::bench {
namespace {

using testing::HasSubstr;

// The numbers of the n-th polyline.
std::vector<double> PointsOf(const std::string& svg, size_t n) {
  size_t at = 0;
  for (size_t i = 0; i <= n; ++i) at = svg.find("points=\"", at + 1);
  const size_t begin = at + 8, end = svg.find('"', begin);
  const std::string points = svg.substr(begin, end - begin);
  std::vector<double> out;
  const std::regex number("[0-9.]+");
  for (auto it = std::sregex_iterator(points.begin(), points.end(), number); it != std::sregex_iterator(); ++it) {
    out.push_back(std::stod(it->str()));
  }
  return out;
}

TEST(PlotTest, ACurveGoesThroughItsPoints) {
  const std::string svg = PlotOf("a title", {{"sluice", {{0.5, 0.5}, {1, 1}, {2, 1}}}});
  const auto best = PointsOf(svg, 0), curve = PointsOf(svg, 1);
  ASSERT_EQ(curve.size(), 6u);
  // At every load it is as good as can be: on the dashed line.
  EXPECT_EQ(best[0], curve[0]);
  EXPECT_EQ(best[1], curve[1]);
  EXPECT_EQ(best[best.size() - 4], curve[2]);
  EXPECT_EQ(best[best.size() - 3], curve[3]);
  EXPECT_EQ(best[best.size() - 2], curve[4]);
  EXPECT_EQ(best[best.size() - 1], curve[5]);
  EXPECT_LT(curve[0], curve[2]);
  EXPECT_NEAR(curve[2] - curve[0], curve[4] - curve[2], 0.2) << "a doubling is as wide anywhere";
  EXPECT_GT(curve[1], curve[3]) << "more is higher";
}

TEST(PlotTest, NamesAreNoMarkup) {
  const std::string svg = PlotOf("a < b & \"c\"", {{"<script>", {{1, 1}}}});
  EXPECT_THAT(svg, HasSubstr("a &lt; b &amp; &quot;c&quot;"));
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;"));
  EXPECT_EQ(svg.find("<script"), std::string::npos);
}

TEST(PlotTest, NothingAndZeroesAreDrawnToo) {
  for (const std::string& svg : {PlotOf("", {}), PlotOf("", {{"x", {{0, 0}}}}), PlotOf("", {{"x", {}}})}) {
    EXPECT_THAT(svg, HasSubstr("</svg>"));
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
  }
}

TEST(PlotTest, AnEarlierRunIsACurve) {
  const auto curve = CurveOf("plain", R"({"capacity_per_s": 400, "timeline": {"windows": [[1,2]]},
      "steps": [{"offered_per_s": 200, "goodput_per_s": 100, "ok": 3}]})");
  ASSERT_TRUE(curve.ok()) << curve.status();
  ASSERT_EQ(curve->points.size(), 1u);
  EXPECT_EQ(curve->points[0].offered, 0.5);
  EXPECT_EQ(curve->points[0].goodput, 0.25);
  EXPECT_FALSE(CurveOf("x", "{}").ok());
  EXPECT_FALSE(CurveOf("x", "[").ok());
}

}  // namespace
}  // namespace sluice::cli::bench
