#include "api/health/service.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/unary.h"

namespace sluice {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::grpc::health::v1::HealthListRequest;
using ::grpc::health::v1::HealthListResponse;

constexpr size_t kListMax = 100;  // gRFC A90 lets a server refuse more
constexpr size_t kRequestBytesMax = 64 << 10;
// Of a Watch call, which keeps it for as long as it lives.
constexpr size_t kServiceBytesMax = 512;

void Check(HealthRegistry& registry, Call& call, const HealthCheckRequest& request) {
  const auto status = registry.Get(request.service());
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    return call.Fail(Error(Reason::NOT_FOUND, StrCat("no service '", Excerpt(request.service()), "'")));
  }
  HealthCheckResponse response;
  response.set_status(status);
  call.Reply(response);
}

void List(HealthRegistry& registry, Call& call) {
  const auto all = registry.All();
  if (all.size() > kListMax)
    return call.Fail(Error(Reason::RATE_LIMITED, "too many services to list; check them by name"));
  HealthListResponse response;
  for (const auto& [service, status] : all) (*response.mutable_statuses())[service].set_status(status);
  call.Reply(response);
}

// Sends the status when it differs from what the client knows. Belongs to the call's loop but for Notify.
class Watcher final : public HealthWatcher, public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(HealthRegistry& registry, Call& call, std::string service)
      : registry_(registry), loop_(call.loop()), call_(call.weak_from_this()), service_(std::move(service)) {}

  void Notify() override {
    loop_.Post([self = shared_from_this()] { self->Update(); });
  }

  void Update() {
    const auto call = call_.lock();
    if (call == nullptr || call->done()) return;
    const auto status = registry_.Get(service_);
    if (sent_ != status) {
      sent_ = status;
      HealthCheckResponse response;
      response.set_status(status);
      call->Send(response);
    }
    if (registry_.stopping())
      call->Finish(Error(Reason::SHUTTING_DOWN, "the server is shutting down; watch another one"));
  }

 private:
  HealthRegistry& registry_;
  Loop& loop_;
  const std::weak_ptr<Call> call_;
  const std::string service_;
  std::optional<HealthRegistry::Status> sent_;
};

class WatchHandler final : public CallHandler {
 public:
  WatchHandler(HealthRegistry& registry, Call& call) : registry_(registry), call_(call) {}
  ~WatchHandler() override { Stop(); }

  void OnMessage(MessagePtr message) override {
    service_ = static_cast<const HealthCheckRequest&>(*message).service();
    if (service_.size() > kServiceBytesMax) {
      return call_.Fail(
          FieldError(Reason::INVALID_REQUEST, "service",
                     StrCat("a service name of ", service_.size(), " bytes; send one of at most ", kServiceBytesMax)));
    }
    message.reset();
    call_.ReleaseRequest();
    watcher_ = std::make_shared<Watcher>(registry_, call_, service_);
    registry_.Watch(service_, watcher_);
    watcher_->Update();
  }
  void OnCancel() override { Stop(); }

 private:
  void Stop() {
    if (const auto watcher = std::move(watcher_)) registry_.Unwatch(service_, watcher.get());
  }
  HealthRegistry& registry_;
  Call& call_;
  std::string service_;
  std::shared_ptr<Watcher> watcher_;
};

const google::protobuf::MethodDescriptor* MethodNamed(std::string_view name) {
  const auto* service = HealthCheckRequest::descriptor()->file()->FindServiceByName("Health");
  const auto* method = service->FindMethodByName(std::string(name));
  SLUICE_CHECK(method != nullptr, name);
  return method;
}

}  // namespace

HealthRegistry::HealthRegistry() { statuses_.emplace("", HealthCheckResponse::SERVING); }

void HealthRegistry::SetServing(std::string_view service, bool serving) {
  {
    const std::unique_lock lock(mutex_);
    if (stopping_) return;
    statuses_.insert_or_assign(std::string(service),
                               serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  }
  for (const auto& watcher : WatchersOf(service)) watcher->Notify();
}

void HealthRegistry::SetAllNotServing() {
  std::vector<std::shared_ptr<HealthWatcher>> told;
  {
    const std::unique_lock lock(mutex_);
    stopping_ = true;
    for (auto& [service, status] : statuses_) status = HealthCheckResponse::NOT_SERVING;
    for (const auto& [service, watchers] : watchers_) {
      for (const auto& [key, watcher] : watchers) told.push_back(watcher);
    }
  }
  for (const auto& watcher : told) watcher->Notify();
}

HealthRegistry::Status HealthRegistry::Get(std::string_view service) const {
  const std::shared_lock lock(mutex_);
  const auto it = statuses_.find(service);
  return it == statuses_.end() ? HealthCheckResponse::SERVICE_UNKNOWN : it->second;
}

std::map<std::string, HealthRegistry::Status> HealthRegistry::All() const {
  const std::shared_lock lock(mutex_);
  return {statuses_.begin(), statuses_.end()};
}

bool HealthRegistry::stopping() const {
  const std::shared_lock lock(mutex_);
  return stopping_;
}

void HealthRegistry::Watch(const std::string& service, std::shared_ptr<HealthWatcher> watcher) {
  const std::unique_lock lock(mutex_);
  const HealthWatcher* const key = watcher.get();
  watchers_[service].emplace(key, std::move(watcher));
}

void HealthRegistry::Unwatch(const std::string& service, const HealthWatcher* watcher) {
  const std::unique_lock lock(mutex_);
  const auto of_service = watchers_.find(service);
  if (of_service == watchers_.end()) return;
  of_service->second.erase(watcher);
  if (of_service->second.empty()) watchers_.erase(of_service);
}

std::vector<std::shared_ptr<HealthWatcher>> HealthRegistry::WatchersOf(std::string_view service) const {
  const std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<HealthWatcher>> found;
  if (const auto of_service = watchers_.find(service); of_service != watchers_.end()) {
    for (const auto& [key, watcher] : of_service->second) found.push_back(watcher);
  }
  return found;
}

void RegisterHealth(MethodTable& methods, HealthRegistry& registry) {
  const auto add = [&methods](const char* name, auto start) -> Method& {
    Method& method = methods.Add(MethodNamed(name), std::move(start));
    method.request_bytes_max = kRequestBytesMax;
    return method;
  };
  add("Check", Unary<HealthCheckRequest>([&registry](auto call, auto request) { Check(registry, *call, *request); }));
  add("List", Unary<HealthListRequest>([&registry](auto call, auto) { List(registry, *call); }));
  add("Watch", [&registry](Call& call) { return std::make_unique<WatchHandler>(registry, call); }).may_be_idle = true;
  for (const auto& method : methods.all()) registry.SetServing(method->descriptor->service()->full_name(), true);
}

}  // namespace sluice
