#include "admission/breaker/rules.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Grade = BreakerPolicy::Grade;

absl::StatusOr<std::vector<BreakerRule>> Parse(std::string_view text) {
  return ParseBreakerRules(
      text, "rules.json",
      {.has_method = [](std::string_view name) { return name == "ai.inference.ImageRecognition/Recognize"; },
       .has_model = [](std::string_view id) { return id == "face"; }});
}

std::string ErrorOf(std::string_view text) { return std::string(Parse(text).status().message()); }

// As the article writes it.
TEST(BreakerRulesTest, TheArticlesRule) {
  const auto rules = Parse(R"([
  // 错误率超过50%时熔断10秒
  {
    "resource": "ai.inference.ImageRecognition.Recognize",
    "ruleType": "DEGRADE",
	"count": 50, // 50%
    "timeWindow": 10
  }
])");
  ASSERT_TRUE(rules.ok()) << rules.status();
  ASSERT_EQ(rules->size(), 1u);
  const BreakerRule& rule = rules->front();
  EXPECT_EQ(rule.method, "ai.inference.ImageRecognition/Recognize");
  EXPECT_EQ(rule.line, 3);
  EXPECT_EQ(rule.policy.grade, Grade::kErrorRatio);
  EXPECT_DOUBLE_EQ(rule.policy.threshold, 0.5);
  EXPECT_EQ(rule.policy.open_for, 10s);
  EXPECT_EQ(rule.policy.min_calls, 5u);
  EXPECT_EQ(rule.policy.interval, 1s);
  EXPECT_TRUE(rule.AppliesTo("any", "1"));
}

TEST(BreakerRulesTest, EveryField) {
  const auto rules =
      Parse(R"([{"resource":"ai.inference.ImageRecognition/Recognize","ruleType":"DEGRADE","limitApp":"default",)"
            R"("grade":0,"count":200,)"
            R"("timeWindow":3,"minRequestAmount":7,"statIntervalMs":5000,"slowRatioThreshold":0.25,)"
            R"("model":"face@2","shadow":true},)"
            R"({"resource":"ai.inference.ImageRecognition.Recognize","grade":2,"count":9,"timeWindow":1},)"
            R"({"resource":"ai.inference.ImageRecognition.Recognize","grade":1,"count":0.5,"timeWindow":1}])");
  ASSERT_TRUE(rules.ok()) << rules.status();
  const BreakerRule& slow = rules->at(0);
  EXPECT_EQ(slow.policy.grade, Grade::kSlowRatio);
  EXPECT_EQ(slow.policy.slow_above, 200ms);
  EXPECT_DOUBLE_EQ(slow.policy.threshold, 0.25);
  EXPECT_EQ(slow.policy.min_calls, 7u);
  EXPECT_EQ(slow.policy.interval, 5s);
  EXPECT_TRUE(slow.shadow);
  EXPECT_TRUE(slow.AppliesTo("face", "2"));
  EXPECT_FALSE(slow.AppliesTo("face", "1"));
  EXPECT_FALSE(slow.AppliesTo("other", "2"));
  EXPECT_EQ(rules->at(1).policy.grade, Grade::kErrorCount);
  EXPECT_DOUBLE_EQ(rules->at(1).policy.threshold, 9);
  EXPECT_DOUBLE_EQ(rules->at(2).policy.threshold, 0.5);
}

TEST(BreakerRulesTest, WhatMatchesNothingIsAnErrorWithItsLine) {
  EXPECT_EQ(ErrorOf("[\n\n{\"resource\":\"ai.inference.Nope.Do\",\"count\":1,\"timeWindow\":1}]"),
            "rules.json:3: resource 'ai.inference.Nope.Do' is not an rpc of this server; see /openapi.json");
  const std::string good = "\"resource\":\"ai.inference.ImageRecognition.Recognize\"";
  EXPECT_EQ(ErrorOf(StrCat("[{", good, ",\"count\":1,\"timeWindow\":1,\"model\":\"nope\"}]")),
            "rules.json:1: model 'nope' does not exist");
  EXPECT_EQ(ErrorOf(StrCat("[{", good, ",\"count\":50}]")),
            "rules.json:1: timeWindow is missing: the seconds that the breaker stays open");
  EXPECT_NE(ErrorOf(StrCat("[{", good, ",\"count\":101,\"timeWindow\":1}]")).find("at most 100"), std::string::npos);
  EXPECT_NE(ErrorOf(StrCat("[{", good, ",\"count\":-1,\"timeWindow\":1}]"))
                .find("rules.json:1: [0].count must be at least 0"),
            std::string::npos);
  EXPECT_NE(ErrorOf(StrCat("[{", good, ",\"timewindow\":1}]"))
                .find("unknown key 'timewindow' in [0]; valid keys: resource, ruleType"),
            std::string::npos);
  EXPECT_NE(ErrorOf(StrCat("[{", good, ",\"line\":1}]")).find("unknown key 'line'"), std::string::npos);
  EXPECT_NE(ErrorOf("{}").find("rules.json:1: the file must be a list"), std::string::npos);
  EXPECT_NE(ErrorOf("[{").find("rules.json:"), std::string::npos);
  const std::string rule = StrCat("{", good, ",\"count\":50,\"timeWindow\":1}");
  EXPECT_EQ(ErrorOf(StrCat("[", rule, ",\n", rule, "]")), "rules.json:2: the same rule is on line 1");
}

}  // namespace
}  // namespace sluice
