#include "engine/trial/report.h"

#include <limits>

#include "gtest/gtest.h"

namespace sluice::trial {
namespace {

TEST(Report, PiecesAreMergedAndACutOffOneIsLeftOut) {
  Report first, second;
  first.set_load_ms(5);
  first.add_runs()->set_inputs("zeros");
  second.set_loads(true);
  second.add_runs()->set_inputs("ones");
  const std::string both = Piece(first) + Piece(second);
  const auto whole = ParseReport(both);
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->loads());
  EXPECT_EQ(whole->load_ms(), 5);
  EXPECT_EQ(whole->runs_size(), 2);
  const auto cut = ParseReport(std::string_view(both).substr(0, both.size() - 1));
  ASSERT_TRUE(cut);
  EXPECT_FALSE(cut->loads());
}

TEST(Report, WhatIsNoReportIsNone) {
  EXPECT_FALSE(ParseReport(std::string_view("\3\0\0\0\xff\xff\xff", 7)));
  EXPECT_FALSE(ParseReport(std::string(kReportBytesMax + 1, '\0')));
  EXPECT_TRUE(ParseReport(""));
}

TEST(Report, WhatSaysMoreThanAReportMayIsNone) {
  const auto parses = [](auto change) {
    Report report;
    change(report);
    return ParseReport(Piece(report)).has_value();
  };
  EXPECT_TRUE(parses([](Report& r) { r.add_runs()->add_outputs()->set_sample(std::string(kSampleBytesMax, 'x')); }));
  EXPECT_FALSE(
      parses([](Report& r) { r.add_runs()->add_outputs()->set_sample(std::string(kSampleBytesMax + 1, 'x')); }));
  EXPECT_FALSE(parses([](Report& r) { r.add_runs()->add_outputs()->set_dtype(99); }));
  EXPECT_FALSE(parses([](Report& r) { r.set_us_a_run(std::numeric_limits<double>::quiet_NaN()); }));
  EXPECT_FALSE(parses([](Report& r) { r.set_load_ms(-1); }));
  EXPECT_FALSE(parses([](Report& r) {
    for (int i = 0; i <= kRunsMax; ++i) r.add_runs();
  }));
  EXPECT_FALSE(parses([](Report& r) {
    for (int i = 0; i <= kTensorsMax; ++i) r.add_inputs();
  }));
}

TEST(Report, ReasonsAreShownAsOneLine) {
  Report report;
  report.set_reason(std::string(10'000, 'x'));
  EXPECT_EQ(ParseReport(Piece(report))->reason().size(), 403u);
  report.set_reason("a\nb\x01");
  EXPECT_EQ(ParseReport(Piece(report))->reason(), "a?b?");
}

}  // namespace
}  // namespace sluice::trial
