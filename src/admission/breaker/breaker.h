// Breaker: a model version that keeps failing gets a rest. Rules of the file `breaker.rules`, each for its rpc and
// every model version that it uses, for itself; the state machine is breaker_core.h's. Refuses with CIRCUIT_OPEN.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "admission/breaker/breaker_core.h"
#include "admission/breaker/rules.h"
#include "admission/layer.h"

namespace sluice {

class BreakerMetrics;

// What an operator sees of one breaker.
struct BreakerInfo {
  std::string model_id;
  std::string version;
  BreakerRule rule;
  BreakerState state = BreakerState::kClosed;
  bool forced = false;
  CallWindow::Counts counts;
  Duration retry_after{};
};

// Thread-safe.
class BreakerLayer final : public AdmissionLayer {
 public:
  explicit BreakerLayer(const AdmissionContext& context);
  ~BreakerLayer() override;
  std::string_view name() const override { return "breaker"; }
  // Watches `breaker.rules`, where the configuration names a file.
  absl::Status Prepare() override;
  absl::Status Enter(ModelUse& use) override;
  void Leave(ModelUse& use, const absl::Status& outcome, const JobTimes& times) noexcept override;

  // Breakers of rules that are in both files keep their state.
  void SetRules(std::vector<BreakerRule> rules);
  // Breakers come into being with the first use of a version under a rule.
  std::vector<BreakerInfo> List() const;
  // See Breaker::Force: of those of this method, model and version; empty = each. Those that were set.
  std::vector<BreakerInfo> Force(std::string_view method, std::string_view model_id, std::string_view version,
                                 std::optional<BreakerState> state);

 private:
  class Guarded;   // a breaker, its lock and its metrics
  class Versions;  // those of one model version
  struct Passes;   // of one use, from Enter to Leave
  using Rules = absl::flat_hash_map<std::string, std::vector<std::shared_ptr<const BreakerRule>>>;  // by method

  static bool Has(const Rules& rules, const BreakerRule& rule);
  std::shared_ptr<Guarded> BreakerOf(const ModelVersion& model, const Rules& rules,
                                     const std::shared_ptr<const BreakerRule>& rule);

  absl::Status ReadRules(std::string_view text);

  const Clock& clock_;
  const Repository& repository_;
  WatchedFiles& files_;
  const std::string rules_file_;
  std::unique_ptr<BreakerMetrics> metrics_;
  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<const Rules> rules_;            // guarded by mutex_
  std::vector<std::weak_ptr<Guarded>> breakers_;  // guarded by mutex_
};

// A run that takes so long is slow by the model's fault, whatever its call had time for: half of its slo_ms, 500 ms
// without one. No run where the client decides how long it takes: of tensors, and of audio.
Duration SlowRunOf(const ModelVersion& model);

// What a use's end says of the model: a fault when its run failed, or when it was slow (SlowRunOf) and its deadline
// passed (`late`). What the client did, our own refusals, and a deadline that passed in the queue or was too short say
// nothing: one client's could open it for everyone else. Nor does a failed run of a tensor model: what it computes with
// is all the client's.
Breaker::Result ResultOf(const ModelVersion& model, const absl::Status& outcome, const JobTimes& times, bool late);

}  // namespace sluice
