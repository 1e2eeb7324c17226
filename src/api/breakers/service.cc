#include "api/breakers/service.h"

#include <utility>

#include "ai/inference/breakers.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/unary.h"

namespace sluice {
namespace {

using ai::inference::BreakerTarget;
using ai::inference::ListBreakersRequest;
using ai::inference::ListBreakersResponse;

ListBreakersResponse ResponseOf(const std::vector<BreakerInfo>& breakers) {
  ListBreakersResponse response;
  for (const BreakerInfo& info : breakers) {
    auto& breaker = *response.add_breakers();
    breaker.set_method(info.rule.method);
    breaker.set_model_id(info.model_id);
    breaker.set_version(info.version);
    breaker.set_state(std::string(ToString(info.state)));
    breaker.set_forced(info.forced);
    breaker.set_shadow(info.rule.shadow);
    breaker.set_rule(Describe(info.rule.policy));
    breaker.set_calls(info.counts.calls);
    breaker.set_failed(info.counts.faults);
    breaker.set_slow(info.counts.slow);
    breaker.set_retry_after_ms(static_cast<uint32_t>(ToMs(info.retry_after)));
  }
  return response;
}

std::function<std::unique_ptr<CallHandler>(Call&)> Setting(Breakers& breakers, std::optional<BreakerState> state) {
  return Unary<BreakerTarget>([&breakers, state](std::shared_ptr<Call> call, std::unique_ptr<BreakerTarget> target) {
    if (target->model_id().empty()) {
      return call->Fail(FieldError(Reason::INVALID_REQUEST, "model_id", "model_id is empty; name a model"));
    }
    const auto set = breakers.Force(target->method(), target->model_id(), target->version(), state);
    if (set.empty()) {
      return call->Fail(Error(Reason::NOT_FOUND, StrCat("no breaker of model '", Excerpt(target->model_id()),
                                                        "' fits; GET /api/v1/breakers lists them, and a model gets one "
                                                        "with its first use under a rule")));
    }
    call->Reply(ResponseOf(set));
  });
}

}  // namespace

void RegisterBreakers(MethodTable& methods, Breakers& breakers) {
  const auto* service = BreakerTarget::descriptor()->file()->FindServiceByName("Breakers");
  methods.Add(service->FindMethodByName("ListBreakers"),
              Unary<ListBreakersRequest>([&breakers](std::shared_ptr<Call> call, std::unique_ptr<ListBreakersRequest>) {
                call->Reply(ResponseOf(breakers.List()));
              }));
  methods.Add(service->FindMethodByName("OpenBreaker"), Setting(breakers, BreakerState::kOpen));
  methods.Add(service->FindMethodByName("CloseBreaker"), Setting(breakers, BreakerState::kClosed));
  methods.Add(service->FindMethodByName("ReleaseBreaker"), Setting(breakers, std::nullopt));
}

}  // namespace sluice
