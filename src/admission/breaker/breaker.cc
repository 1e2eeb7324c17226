#include "admission/breaker/breaker.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "admission/breaker/metrics.h"
#include "ai/inference/config/server.pb.h"
#include "base/config/watched_files.h"
#include "base/error.h"
#include "base/log/log.h"
#include "base/short_deadline.h"
#include "base/strings.h"
#include "google/protobuf/descriptor.h"
#include "repository/repository.h"

namespace sluice {

class BreakerLayer::Guarded {
 public:
  Guarded(const ModelVersion& model, std::shared_ptr<const BreakerRule> rule, BreakerMetrics& metrics)
      : model_id_(model.id()),
        version_(model.version()),
        rule_(std::move(rule)),
        breaker_(rule_->policy),
        series_(metrics.SeriesOf(rule_->method, model_id_, version_)) {}

  const BreakerRule& rule() const { return *rule_; }
  bool Is(std::string_view method, std::string_view model_id, std::string_view version) const {
    const auto fits = [](std::string_view asked, std::string_view own) { return asked.empty() || asked == own; };
    return fits(method, rule_->method) && fits(model_id, model_id_) && fits(version, version_);
  }

  std::optional<Breaker::Pass> Enter(TimePoint now, Breaker::Refusal& refusal) {
    const std::lock_guard lock(mutex_);
    const auto pass = breaker_.Enter(now);
    Tell(now);
    if (pass) return pass;
    if (!rule_->shadow) refusal = breaker_.WhyRefused(now);
    (rule_->shadow ? series_.shadow_refused : series_.refused)->Increment();
    return std::nullopt;
  }

  void Leave(const Breaker::Pass& pass, Breaker::Result result, Duration took, TimePoint now) {
    const std::lock_guard lock(mutex_);
    breaker_.Leave(pass, result, took, now);
    Tell(now);
  }

  void Force(std::optional<BreakerState> state, TimePoint now) {
    const std::lock_guard lock(mutex_);
    breaker_.Force(state);
    Tell(now);
  }

  BreakerInfo Info(TimePoint now) const {
    const std::lock_guard lock(mutex_);
    return {.model_id = model_id_,
            .version = version_,
            .rule = *rule_,
            .state = breaker_.state(),
            .forced = breaker_.forced(),
            .counts = breaker_.Counts(now),
            .retry_after = breaker_.RetryAfter(now)};
  }

 private:
  // A change of state, to the log and the metrics.
  void Tell(TimePoint now) {
    const BreakerState state = breaker_.state();
    if (state == told_) return;
    series_.state->Set(static_cast<double>(state));
    if (state == BreakerState::kOpen) series_.opened->Increment();
    const auto log = state == BreakerState::kOpen ? LogWarning : LogInfo;
    log("breaker.changed", {{"model", StrCat(model_id_, "@", version_)},
                            {"method", rule_->method},
                            {"from", ToString(told_)},
                            {"to", ToString(state)},
                            {"rule", Describe(rule_->policy)},
                            {"shadow", rule_->shadow},
                            {"forced", breaker_.forced()},
                            {"retry_after_ms", ToMs(breaker_.RetryAfter(now))}});
    told_ = state;
  }

  const std::string model_id_, version_;
  const std::shared_ptr<const BreakerRule> rule_;
  mutable std::mutex mutex_;
  Breaker breaker_;
  BreakerState told_ = BreakerState::kClosed;
  const BreakerMetrics::Series series_;
};

class BreakerLayer::Versions {
 public:
  explicit Versions(const ModelVersion& model) : model_(model) {}

  // Made on first use; `made` says so. Those of rules that are gone go then.
  std::shared_ptr<Guarded> Get(const std::shared_ptr<const BreakerRule>& rule, const Rules& rules,
                               BreakerMetrics& metrics, bool& made) {
    const std::lock_guard lock(mutex_);
    const auto known = breakers_.find(rule->key);
    made = known == breakers_.end();
    if (!made) return known->second;
    absl::erase_if(breakers_, [&](const auto& entry) { return !Has(rules, entry.second->rule()); });
    return breakers_[rule->key] = std::make_shared<Guarded>(model_, rule, metrics);
  }

 private:
  const ModelVersion& model_;
  std::mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<Guarded>> breakers_;  // by BreakerRule::key
};

struct BreakerLayer::Passes : LayerState {
  struct One {
    std::shared_ptr<Guarded> breaker;
    Breaker::Pass pass;
  };
  absl::InlinedVector<One, 1> all;
  TimePoint entered;
};

BreakerLayer::BreakerLayer(const AdmissionContext& context)
    : clock_(context.clock),
      repository_(context.repository),
      files_(context.files),
      rules_file_(context.options.breaker().rules()),
      metrics_(std::make_unique<BreakerMetrics>(context.metrics)),
      rules_(std::make_shared<const Rules>()) {}

BreakerLayer::~BreakerLayer() = default;

absl::Status BreakerLayer::Prepare() {
  if (rules_file_.empty()) return absl::OkStatus();
  return files_.Add("breaker.rules", rules_file_, [this](std::string_view text) { return ReadRules(text); });
}

absl::Status BreakerLayer::ReadRules(std::string_view text) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  const auto has_method = [&](std::string_view name) {
    std::string full(name);
    std::replace(full.begin(), full.end(), '/', '.');
    return pool->FindMethodByName(full) != nullptr;
  };
  const std::vector<ModelInfo> models = repository_.List();
  const auto has_model = [&](std::string_view id) {
    return std::any_of(models.begin(), models.end(), [&](const ModelInfo& model) { return model.id == id; });
  };
  ASSIGN_OR_RETURN(auto rules,
                   ParseBreakerRules(text, rules_file_, {.has_method = has_method, .has_model = has_model}));
  SetRules(std::move(rules));
  return absl::OkStatus();
}

void BreakerLayer::SetRules(std::vector<BreakerRule> rules) {
  auto made = std::make_shared<Rules>();
  for (BreakerRule& rule : rules) {
    auto& of_method = (*made)[rule.method];
    of_method.push_back(std::make_shared<const BreakerRule>(std::move(rule)));
  }
  const std::lock_guard lock(mutex_);
  any_ = !made->empty();
  rules_ = std::move(made);
}

bool BreakerLayer::Has(const Rules& rules, const BreakerRule& rule) {
  const auto found = rules.find(rule.method);
  return found != rules.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](const auto& one) { return one->key == rule.key; });
}

std::shared_ptr<BreakerLayer::Guarded> BreakerLayer::BreakerOf(const ModelVersion& model, const Rules& rules,
                                                               const std::shared_ptr<const BreakerRule>& rule) {
  bool made = false;
  auto breaker = model.State<Versions>(*this).Get(rule, rules, *metrics_, made);
  if (made) {
    const std::lock_guard lock(mutex_);
    std::erase_if(breakers_, [](const auto& known) { return known.expired(); });
    breakers_.push_back(breaker);
  }
  return breaker;
}

absl::Status BreakerLayer::Enter(ModelUse& use) {
  if (!any_.load(std::memory_order_relaxed)) return absl::OkStatus();
  std::shared_ptr<const Rules> rules;
  {
    const std::lock_guard lock(mutex_);
    rules = rules_;
  }
  const auto found = rules->find(ToAbsl(use.method));
  if (found == rules->end()) return absl::OkStatus();
  const TimePoint now = clock_.Now();
  Passes& passes = use.State<Passes>(*this);
  passes.entered = now;
  for (const auto& rule : found->second) {
    if (!rule->AppliesTo(use.model->id(), use.model->version())) continue;
    auto breaker = BreakerOf(*use.model, *rules, rule);
    Breaker::Refusal refusal;
    const auto pass = breaker->Enter(now, refusal);
    if (pass) {
      passes.all.push_back({std::move(breaker), *pass});
    } else if (!rule->shadow) {
      // The rules before it get their passes back: nothing came of them.
      for (const auto& one : passes.all) one.breaker->Leave(one.pass, Breaker::Result::kNotCounted, {}, now);
      passes.all.clear();
      absl::Status refused = Error(
          Reason::CIRCUIT_OPEN, StrCat("model '", use.model->name(), "' is resting: ", refusal.why, "; try again in ",
                                       static_cast<int64_t>(ToMs(refusal.try_again_in)), " ms"));
      SetRetryAfter(refused, absl::FromChrono(refusal.try_again_in));
      return refused;
    }
  }
  return absl::OkStatus();
}

void BreakerLayer::Leave(ModelUse& use, const absl::Status& outcome, const JobTimes& times) noexcept {
  Passes* const passes = use.FindState<Passes>(*this);
  if (passes == nullptr || passes->all.empty()) return;
  const TimePoint now = clock_.Now();
  const Breaker::Result result = ResultOf(*use.model, outcome, times, now >= use.deadline);
  for (const auto& one : passes->all) one.breaker->Leave(one.pass, result, now - passes->entered, now);
  passes->all.clear();
}

std::vector<BreakerInfo> BreakerLayer::List() const {
  const TimePoint now = clock_.Now();
  std::vector<BreakerInfo> list;
  const std::lock_guard lock(mutex_);
  for (const auto& weak : breakers_) {
    const auto breaker = weak.lock();
    if (breaker != nullptr && Has(*rules_, breaker->rule())) list.push_back(breaker->Info(now));
  }
  return list;
}

std::vector<BreakerInfo> BreakerLayer::Force(std::string_view method, std::string_view model_id,
                                             std::string_view version, std::optional<BreakerState> state) {
  const TimePoint now = clock_.Now();
  std::vector<BreakerInfo> forced;
  const std::lock_guard lock(mutex_);
  for (const auto& weak : breakers_) {
    const auto breaker = weak.lock();
    if (breaker == nullptr || !Has(*rules_, breaker->rule()) || !breaker->Is(method, model_id, version)) continue;
    breaker->Force(state, now);
    forced.push_back(breaker->Info(now));
  }
  return forced;
}

Duration SlowRunOf(const ModelVersion& model) {
  constexpr Duration kSlowRun = std::chrono::milliseconds(500);
  const auto& manifest = model.manifest();
  if (manifest.task() == "tensor" || manifest.task() == "audio_classification") return Duration::max();
  return manifest.slo_ms() > 0 ? LeastTime(std::chrono::milliseconds(manifest.slo_ms())) : kSlowRun;
}

Breaker::Result ResultOf(const ModelVersion& model, const absl::Status& outcome, const JobTimes& times, bool late) {
  const bool slow = late && times.infer.took >= SlowRunOf(model);
  if (outcome.ok()) return slow ? Breaker::Result::kFault : Breaker::Result::kGood;
  switch (ReasonOf(outcome)) {
    case Reason::MODEL_FAILED:
      return model.manifest().task() == "tensor" ? Breaker::Result::kNotCounted : Breaker::Result::kFault;
    case Reason::INTERNAL: return Breaker::Result::kFault;
    // Ended by the call's own timer, or told to stop since nobody waits any more: late all the same.
    case Reason::DEADLINE_EXCEEDED:
    case Reason::CANCELLED: return slow ? Breaker::Result::kFault : Breaker::Result::kNotCounted;
    default: return Breaker::Result::kNotCounted;
  }
}

}  // namespace sluice
