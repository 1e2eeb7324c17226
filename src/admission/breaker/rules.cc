#include "admission/breaker/rules.h"

#include <utility>

#include "ai/inference/config/breaker.pb.h"
#include "base/config/yaml_proto.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

using ConfigRule = ai::inference::config::BreakerRule;

constexpr int kRulesMax = 1000;

// Sentinel's resources have dots only.
std::string MethodOf(std::string resource) {
  if (resource.find('/') == std::string::npos) {
    if (const size_t dot = resource.rfind('.'); dot != std::string::npos) resource[dot] = '/';
  }
  return resource;
}

BreakerPolicy PolicyOf(const ConfigRule& rule) {
  using Grade = BreakerPolicy::Grade;
  const int grade = rule.has_grade() ? static_cast<int>(rule.grade()) : ConfigRule::ERROR_RATIO;
  const double count = rule.count();
  BreakerPolicy policy;
  policy.open_for = std::chrono::seconds(rule.time_window());
  if (rule.has_min_request_amount()) policy.min_calls = rule.min_request_amount();
  if (rule.has_stat_interval_ms()) policy.interval = std::chrono::milliseconds(rule.stat_interval_ms());
  if (grade == ConfigRule::SLOW_RATIO) {
    policy.grade = Grade::kSlowRatio;
    policy.slow_above = std::chrono::microseconds(static_cast<int64_t>(count * 1000));
    policy.threshold = rule.has_slow_ratio_threshold() ? rule.slow_ratio_threshold() : 1;
  } else if (grade == ConfigRule::ERROR_COUNT) {
    policy.grade = Grade::kErrorCount;
    policy.threshold = count;
  } else {
    policy.grade = Grade::kErrorRatio;
    policy.threshold = count > 1 ? count / 100 : count;
  }
  return policy;
}

absl::Status Check(const ConfigRule& rule, const BreakerRule& made, std::string_view file,
                   const BreakerTargets& targets) {
  const auto wrong = [&](std::string_view what) {
    return absl::InvalidArgumentError(StrCat(file, ":", rule.line(), ": ", what));
  };
  if (rule.resource().empty()) {
    return wrong("resource is missing; write the rpc, for example ai.inference.ImageRecognition.Recognize");
  }
  if (!targets.has_method(made.method)) {
    return wrong(StrCat("resource '", rule.resource(), "' is not an rpc of this server; see /openapi.json"));
  }
  if (!rule.rule_type().empty() && rule.rule_type() != "DEGRADE") {
    return wrong(StrCat("ruleType must be DEGRADE, not '", rule.rule_type(), "'"));
  }
  if (!rule.limit_app().empty() && rule.limit_app() != "default") {
    return wrong(StrCat("limitApp must be default, not '", rule.limit_app(), "'"));
  }
  if (rule.time_window() == 0) return wrong("timeWindow is missing: the seconds that the breaker stays open");
  if (made.policy.grade == BreakerPolicy::Grade::kErrorRatio && made.policy.threshold > 1) {
    return wrong("count of an error ratio must be at most 1, or at most 100 as a percentage");
  }
  if (!made.model.empty() && !targets.has_model(made.model)) {
    return wrong(StrCat("model '", made.model, "' does not exist"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<BreakerRule>> ParseBreakerRules(std::string_view text, std::string_view file,
                                                           const BreakerTargets& targets) {
  ai::inference::config::BreakerRules read;
  RETURN_IF_ERROR(MergeJsonList(text, file, "rules", read));
  if (read.rules_size() > kRulesMax) {
    return absl::InvalidArgumentError(StrCat(file, ": ", read.rules_size(), " rules; at most ", kRulesMax));
  }
  std::vector<BreakerRule> rules;
  for (ConfigRule& rule : *read.mutable_rules()) {
    BreakerRule made{.method = MethodOf(rule.resource()), .policy = PolicyOf(rule), .shadow = rule.shadow()};
    made.line = static_cast<int>(rule.line());
    const size_t at = rule.model().find('@');
    made.model = rule.model().substr(0, at);
    if (at != std::string::npos) made.version = rule.model().substr(at + 1);
    RETURN_IF_ERROR(Check(rule, made, file, targets));
    rule.clear_line();
    made.key = rule.SerializeAsString();
    for (const BreakerRule& other : rules) {
      if (other.key != made.key) continue;
      return absl::InvalidArgumentError(StrCat(file, ":", made.line, ": the same rule is on line ", other.line));
    }
    rules.push_back(std::move(made));
  }
  return rules;
}

}  // namespace sluice
