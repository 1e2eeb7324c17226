#include "pipeline/catalog.h"

#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "pipeline/runtime.h"

namespace sluice {
namespace {

constexpr int kWaitingMax = 16;

void Log(const char* event, const std::string& id, const absl::Status& outcome) {
  if (outcome.ok()) {
    LogInfo(event, {{"model", id}});
  } else {
    LogWarning(event, {{"model", id}, {"error", std::string(outcome.message())}});
  }
}

}  // namespace

UseStatistics::Numbers ModelCatalog::StatisticsOf(const ModelVersion& version) {
  const Runtime* const runtime = RuntimeOf(version);
  return runtime == nullptr ? UseStatistics::Numbers() : runtime->statistics.Get();
}

absl::Status ModelCatalog::Change(std::function<absl::Status()> change, Done done) {
  if (waiting_.fetch_add(1) >= kWaitingMax) {
    --waiting_;
    return Error(Reason::OVERLOADED, "too many models are waiting to be loaded or unloaded; retry later");
  }
  changes_.Post([this, change = std::move(change), done = std::move(done)]() mutable {
    --waiting_;
    done(change());
  });
  return absl::OkStatus();
}

const UseStatistics::Stages* ModelCatalog::StagesOf(const ModelVersion& version) {
  const Runtime* const runtime = RuntimeOf(version);
  return runtime == nullptr ? nullptr : &runtime->statistics.stages();
}

absl::Status ModelCatalog::Load(std::string id, Done done) {
  return Change(
      [this, id = std::move(id)] {
        absl::Status outcome = repository_.LoadModel(id);
        Log("model.loaded", id, outcome);
        return outcome;
      },
      std::move(done));
}

absl::Status ModelCatalog::Unload(std::string id, Done done) {
  return Change(
      [this, id = std::move(id)] {
        absl::Status outcome = repository_.UnloadModel(id);
        Log("model.unloaded", id, outcome);
        return outcome;
      },
      std::move(done));
}

}  // namespace sluice
