#include "cli/doctor/models.h"

#include <algorithm>

#include "admission/breaker/rules.h"
#include "base/config/file.h"
#include "base/cpus.h"
#include "base/strings.h"
#include "door/lists.h"

namespace sluice::cli::doctor {
namespace {

constexpr size_t kRulesBytesMax = 16 << 20;

std::vector<ModelInfo> LoadAll(const config::Server& options, Findings& findings) {
  const auto engines = MakeEngines(options.models());
  for (const auto& engine : engines) {
    if (const absl::Status status = engine->Available(); !status.ok()) {
      findings.push_back(Hint(StrCat("engine ", engine->name()), std::string(status.message()),
                              "python3 -m pip install what tools/requirements.txt names"));
    }
  }
  const auto trial = MakeTrial(options.models());
  std::vector<std::string> roots = {options.models().root()};
  roots.insert(roots.end(), options.models().extra_roots().begin(), options.models().extra_roots().end());
  Repository repository({.roots = std::move(roots), .trial = trial.get(), .loaders = AvailableCpus()},
                        Pointers(engines));
  if (const absl::Status loaded = repository.Load(); !loaded.ok()) {
    findings.push_back(Problem("models", std::string(loaded.message()), "name a folder of models: models.root"));
  }
  std::vector<ModelInfo> models = repository.List();
  if (!repository.ready())
    findings.push_back(Problem("models", "not one serves: the server would not be ready", "see below"));
  for (ModelInfo& model : models) model.handle.reset();  // they go with the engines
  return models;
}

Findings CheckEach(const std::vector<ModelInfo>& models) {
  Findings findings;
  size_t serving = 0;
  for (const ModelInfo& model : models) {
    const std::string about = StrCat("model ", model.id, model.version.empty() ? "" : "@", model.version);
    if (model.state == ModelState::kServing) {
      ++serving;
    } else if (model.fetchable) {
      findings.push_back(Hint(about, "its file was not fetched", StrCat("python3 tools/get_models.py ", model.id)));
    } else {
      findings.push_back(Problem(about, StrCat(ToString(model.state), ": ", model.reason), "mend or remove it"));
    }
    const bool known =
        std::any_of(models.begin(), models.end(), [&](const ModelInfo& one) { return one.id == model.fallback; });
    if (!model.fallback.empty() && !known) {
      findings.push_back(
          Problem(about, StrCat("its fallback '", model.fallback, "' does not exist"), "name one that does"));
    }
  }
  findings.push_back(Good("models", StrCat(serving, " serve")));
  return findings;
}

Findings CheckRules(const std::string& file, const std::vector<ModelInfo>& models) {
  if (file.empty()) return {};
  constexpr const char* kAbout = "breaker.rules";
  const auto text = ReadFile(file, kRulesBytesMax);
  if (!text.ok()) return {Problem(kAbout, std::string(text.status().message()), "name a file of rules")};
  const auto has_model = [&](std::string_view id) {
    return std::any_of(models.begin(), models.end(), [&](const ModelInfo& model) { return model.id == id; });
  };
  const auto has_method = [](std::string_view name) {
    std::string full(name);
    std::replace(full.begin(), full.end(), '/', '.');
    return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(full) != nullptr;
  };
  const auto rules = ParseBreakerRules(*text, file, {.has_method = has_method, .has_model = has_model});
  if (!rules.ok()) return {Problem(kAbout, std::string(rules.status().message()), "mend the line that it names")};
  Findings findings;
  for (const BreakerRule& rule : *rules) {
    const std::string about = StrCat(kAbout, ":", rule.line), what = StrCat(rule.method, ": ", Describe(rule.policy));
    const std::string wrong = Fire(rule.policy);
    findings.push_back(wrong.empty() ? Good(about, StrCat(what, "; fired once: it opens, and closes again"))
                                     : Hint(about, StrCat(what, "; ", wrong), "lower minRequestAmount or count"));
  }
  return findings;
}

}  // namespace

std::string Fire(const BreakerPolicy& policy) {
  constexpr int kCallsMax = 100'000;
  Breaker breaker(policy);
  TimePoint now = TimePoint{} + std::chrono::hours(1);
  const Duration slow = policy.slow_above + std::chrono::milliseconds(1);
  for (int calls = 0; breaker.state() != BreakerState::kOpen; ++calls) {
    if (calls == kCallsMax) return StrCat("did not open after ", kCallsMax, " faults at once");
    if (const auto pass = breaker.Enter(now)) breaker.Leave(*pass, Breaker::Result::kFault, slow, now);
  }
  now += policy.open_for + std::chrono::milliseconds(1);
  const auto probe = breaker.Enter(now);
  if (!probe) return "lets no probe through";
  breaker.Leave(*probe, Breaker::Result::kGood, Duration::zero(), now);
  return breaker.state() == BreakerState::kClosed ? "" : "does not close after a good probe";
}

Findings CheckModels(const config::Server& options) {
  Findings findings;
  const std::vector<ModelInfo> models = LoadAll(options, findings);
  for (Finding& finding : CheckEach(models)) findings.push_back(std::move(finding));
  for (Finding& finding : CheckRules(options.breaker().rules(), models)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace sluice::cli::doctor
