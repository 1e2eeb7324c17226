#include "pipeline/catalog.h"

#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "base/stop.h"
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

absl::Status ModelCatalog::Change(Step step, const char* event, std::string id, std::stop_token stop, Done done) {
  if (waiting_.fetch_add(1) >= kWaitingMax) {
    --waiting_;
    return Error(Reason::OVERLOADED, "too many models are waiting to be loaded or unloaded; retry later");
  }
  changes_.Post([this, step, event, id = std::move(id), stop = std::move(stop), done = std::move(done)]() mutable {
    --waiting_;
    if (absl::Status stopped = CheckStop(stop); !stopped.ok()) return done(stopped);
    const absl::Status outcome = (repository_.*step)(id);
    Log(event, id, outcome);
    done(outcome);
  });
  return absl::OkStatus();
}

const UseStatistics::Stages* ModelCatalog::StagesOf(const ModelVersion& version) {
  const Runtime* const runtime = RuntimeOf(version);
  return runtime == nullptr ? nullptr : &runtime->statistics.stages();
}

absl::Status ModelCatalog::Load(std::string id, std::stop_token stop, Done done) {
  return Change(&Repository::LoadModel, "model.loaded", std::move(id), std::move(stop), std::move(done));
}

absl::Status ModelCatalog::Unload(std::string id, std::stop_token stop, Done done) {
  return Change(&Repository::UnloadModel, "model.unloaded", std::move(id), std::move(stop), std::move(done));
}

}  // namespace sluice
