#include "cli/doctor/running.h"

#include <gtest/gtest.h>

namespace sluice::cli::doctor {
namespace {

TEST(DoctorTest, SeesWhatMetricsTell) {
  EXPECT_EQ(CheckMetrics("# HELP x\nai_inference_breaker_state{model_id=\"m\"} 0\n")[0].level, Finding::Level::kGood);
  const Findings findings = CheckMetrics(
      "ai_inference_breaker_state{model_id=\"m\"} 2\nai_inference_config_reload_success{file=\"breaker.rules\"} 0\n"
      "ai_inference_log_lines_dropped_total{log=\"access\"} 3\nai_inference_log_lines_dropped_total{log=\"server\"} "
      "0\n");
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0].level, Finding::Level::kProblem);
  EXPECT_NE(findings[0].text.find("model_id=\"m\""), std::string::npos);
  EXPECT_EQ(findings[2].level, Finding::Level::kHint);
}

}  // namespace
}  // namespace sluice::cli::doctor
