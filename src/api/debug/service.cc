#include "api/debug/service.h"

#include <algorithm>
#include <optional>
#include <stop_token>
#include <utility>

#include "api/debug/explain.h"
#include "base/error.h"
#include "base/log/log.h"
#include "base/profile/cpu_profile.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/unary.h"

namespace sluice {
namespace {

using namespace ai::inference;
using CallPtr = std::shared_ptr<Call>;

void Fill(const sluice::LiveCall& call, ai::inference::LiveCall& out) {
  out.set_request_id(call.request_id);
  out.set_trace_id(call.trace_id);
  out.set_method(std::string(call.method));
  out.set_protocol(std::string(ToString(call.protocol)));
  out.set_client_ip(call.client_ip);
  out.set_key_id(call.key_id);
  out.set_model(call.model);
  out.set_stage(std::string(call.stage));
  out.set_age_ms(call.age_ms);
  if (call.deadline_ms >= 0) out.set_left_ms(call.deadline_ms);
  out.set_bytes_in(call.bytes_in);
  out.set_bytes_out(call.bytes_out);
}

void Explain(const DebugContext& context, CallPtr call, std::unique_ptr<ExplainRequest> request) {
  if (request->request_id().empty()) {
    return call->Fail(FieldError(Reason::INVALID_REQUEST, "request_id",
                                 "request_id is empty; give the X-Request-ID of the call, or the id of its trace"));
  }
  auto found = context.telemetry.notable.Find(request->request_id());
  context.telemetry.live.List(call->loop(), [&context, call, found = std::move(found),
                                             id = request->request_id()](const std::vector<sluice::LiveCall>& live) {
    if (call->done()) return;
    ExplainResponse response;
    for (const CallRecordPtr& record : found) {
      *response.add_calls() = ExplanationOf(*record, context.call_layers, context.admission_layers);
    }
    for (const auto& one : live) {
      if (one.request_id == id || one.trace_id == id) Fill(one, *response.add_live());
    }
    if (response.calls_size() + response.live_size() > 0) return call->Reply(response);
    call->Fail(
        Error(Reason::NOT_FOUND,
              StrCat("no call '", Excerpt(id),
                     "' is in progress or kept: kept are the last 10000 that failed, were refused, slow, degraded or "
                     "replayed, and a sample of the others; `sluice logs` reads the access log")));
  });
}

void ListCalls(const DebugContext& context, CallPtr call, std::unique_ptr<ListCallsRequest> request) {
  constexpr uint32_t kUsual = 100, kMost = LiveCalls::kListMax;
  if (request->limit() > kMost) {
    return call->Fail(
        FieldError(Reason::INVALID_REQUEST, "limit", StrCat("limit is ", request->limit(), "; at most ", kMost)));
  }
  const size_t limit = request->limit() == 0 ? kUsual : request->limit();
  context.telemetry.live.List(call->loop(), [call, limit](const std::vector<sluice::LiveCall>& live) {
    if (call->done()) return;
    ListCallsResponse response;
    response.set_total(static_cast<uint32_t>(live.size()));
    for (size_t i = 0; i < std::min(limit, live.size()); ++i) Fill(live[i], *response.add_calls());
    call->Reply(response);
  });
}

// Makes the response elsewhere than on the loop; not when nobody waits for it any more.
template <typename Response>
void ReplyLater(const DebugContext& context, CallPtr call, std::function<absl::StatusOr<Response>()> make) {
  const std::stop_token stop = call->chore_owner().stop;
  context.slow.Post([call = std::move(call), stop, make = std::move(make)] {
    if (stop.stop_requested()) return call->loop().Post([call] {});  // its last reference goes where it lives
    auto response = make();
    call->loop().Post([call, response = std::move(response)] {
      if (call->done()) return;
      response.ok() ? call->Reply(*response) : call->Fail(response.status());
    });
  });
}

void Profile(const DebugContext& context, CallPtr call, std::unique_ptr<ProfileRequest> request) {
  const uint32_t seconds = request->seconds() == 0 ? kProfileSecondsUsual : request->seconds();
  if (seconds > kProfileSecondsMax) {
    return call->Fail(FieldError(Reason::INVALID_REQUEST, "seconds",
                                 StrCat("seconds is ", seconds, "; at most ", kProfileSecondsMax)));
  }
  ReplyLater<ProfileResponse>(context, std::move(call), [&context, seconds]() -> absl::StatusOr<ProfileResponse> {
    ASSIGN_OR_RETURN(std::string profile, context.profile(std::chrono::seconds(seconds)));
    ProfileResponse response;
    response.set_profile(std::move(profile));
    return response;
  });
}

void SetLevel(CallPtr call, std::unique_ptr<SetLogLevelRequest> request) {
  constexpr std::string_view kAsOthers = "default";
  const auto level = LogLevelNamed(request->level());
  const bool reset = request->level() == kAsOthers && !request->module().empty();
  if (!request->level().empty() && !level && !reset) {
    return call->Fail(FieldError(
        Reason::INVALID_REQUEST, "level",
        StrCat("level '", Excerpt(request->level()), "' must be info, warning or error, or for a module default")));
  }
  if (!request->module().empty() && !request->level().empty()) {
    if (absl::Status set = SetLogLevelOf(request->module(), level); !set.ok()) return call->Fail(set);
  } else if (level) {
    SetLogLevel(*level);
  }
  SetLogLevelResponse response;
  const LogLevels levels = GetLogLevels();
  response.set_level(std::string(ToString(levels.all)));
  for (const auto& [module, one] : levels.modules) {
    (*response.mutable_modules())[module] = std::string(ToString(one));
  }
  call->Reply(response);
}

}  // namespace

void RegisterDebug(MethodTable& methods, DebugContext given) {
  const auto context = std::make_shared<const DebugContext>(std::move(given));  // lives in the methods
  const auto* service = ExplainRequest::descriptor()->file()->FindServiceByName("Debug");
  const auto add = [&](const char* name, auto start) {
    methods.Add(service->FindMethodByName(name), std::move(start));
  };
  add("Explain", Unary<ExplainRequest>([context](CallPtr call, auto request) {
        Explain(*context, std::move(call), std::move(request));
      }));
  add("ListCalls", Unary<ListCallsRequest>([context](CallPtr call, auto request) {
        ListCalls(*context, std::move(call), std::move(request));
      }));
  add("ListQueues", Unary<ListQueuesRequest>([context](CallPtr call, auto) { call->Reply(context->queues()); }));
  add("ListModels", Unary<ListModelsRequest>([context](CallPtr call, auto) { call->Reply(context->models()); }));
  add("GetConfig", Unary<GetConfigRequest>([context](CallPtr call, auto) {
        ReplyLater<GetConfigResponse>(*context, std::move(call), [context] { return context->config(); });
      }));
  add("SetLogLevel",
      Unary<SetLogLevelRequest>([](CallPtr call, auto request) { SetLevel(std::move(call), std::move(request)); }));
  add("Profile", Unary<ProfileRequest>([context](CallPtr call, auto request) {
        Profile(*context, std::move(call), std::move(request));
      }));
}

}  // namespace sluice
