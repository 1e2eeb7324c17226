// grpc.health.v1.Health: Check, List and Watch over a registry of services.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "call/method.h"
#include "grpc/health/v1/health.pb.h"

namespace sluice {

// Who is told of changes of one service; lives with its Watch call. Notify may come from any thread.
class HealthWatcher {
 public:
  virtual ~HealthWatcher() = default;
  virtual void Notify() = 0;
};

// Thread-safe. The server as a whole ("") is SERVING from the start.
class HealthRegistry {
 public:
  using Status = ::grpc::health::v1::HealthCheckResponse::ServingStatus;

  HealthRegistry();
  void SetServing(std::string_view service, bool serving);
  // For good: what is set later has no effect. Open Watch calls end after the news.
  void SetAllNotServing();

  // SERVICE_UNKNOWN for what was never set.
  Status Get(std::string_view service) const;
  std::map<std::string, Status> All() const;
  bool stopping() const;

  void Watch(const std::string& service, std::shared_ptr<HealthWatcher> watcher);
  void Unwatch(const std::string& service, const HealthWatcher* watcher);

 private:
  std::vector<std::shared_ptr<HealthWatcher>> WatchersOf(std::string_view service) const;

  mutable std::shared_mutex mutex_;
  std::map<std::string, Status, std::less<>> statuses_;
  // By service and watcher: one client may open and drop thousands.
  std::map<std::string, std::map<const HealthWatcher*, std::shared_ptr<HealthWatcher>>, std::less<>> watchers_;
  bool stopping_ = false;
};

// Adds the service; what the table holds already counts as serving. `registry` outlives the calls.
void RegisterHealth(MethodTable& methods, HealthRegistry& registry);

}  // namespace sluice
