// The breaker's rules as they are applied: read from a file in Sentinel's form
// (proto/ai/inference/config/breaker.proto) and checked against what this server serves.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "admission/breaker/breaker_core.h"

namespace sluice {

struct BreakerRule {
  std::string method;   // Method::name, "package.Service/Method"
  std::string model;    // empty: each model
  std::string version;  // empty: each version
  BreakerPolicy policy;
  bool shadow = false;
  int line = 0;
  std::string key;  // equal for equal rules, in this file and the next

  bool AppliesTo(std::string_view model_id, std::string_view model_version) const {
    return (model.empty() || model == model_id) && (version.empty() || version == model_version);
  }
};

// What a rule may name.
struct BreakerTargets {
  absl::FunctionRef<bool(std::string_view)> has_method;  // Method::name
  absl::FunctionRef<bool(std::string_view)> has_model;   // an id, loaded or not
};

// Errors read "file:line: what is wrong, what to write".
absl::StatusOr<std::vector<BreakerRule>> ParseBreakerRules(std::string_view text, std::string_view file,
                                                           const BreakerTargets& targets);

}  // namespace sluice
