#include "call/layers/deadline/deadline.h"

#include <algorithm>
#include <utility>

#include "ai/inference/config/server.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/call.h"
#include "call/grpc_timeout.h"

namespace sluice {
namespace {

struct Timer final : LayerState {
  Loop::TimerId id = 0;
};

absl::Status Malformed(std::string_view header, std::string_view value, std::string_view wanted) {
  return FieldError(Reason::INVALID_REQUEST, header, StrCat(header, " '", Excerpt(value, 40), "' is not ", wanted));
}

}  // namespace

absl::StatusOr<Duration> TimeAllowed(const Headers& headers, Duration method_default, bool per_message,
                                     const DeadlineOptions& options) {
  if (const auto value = headers.Find("grpc-timeout")) {
    const auto time = ParseGrpcTimeout(*value);
    if (!time) return Malformed("grpc-timeout", *value, "up to 8 digits and one of H M S m u n, e.g. 500m");
    return std::min(*time, options.longest);
  }
  if (const auto value = headers.Find("connect-timeout-ms")) {
    const auto time = ParseConnectTimeout(*value);
    if (!time) return Malformed("connect-timeout-ms", *value, "up to 10 digits, e.g. 500");
    return std::min(*time, options.longest);
  }
  if (const auto value = headers.Find("x-request-timeout")) {
    const auto time = ParseSecondsTimeout(*value);
    if (!time) return Malformed("x-request-timeout", *value, "a number of seconds, e.g. 0.5");
    return std::min(*time, options.longest);
  }
  if (per_message) return Duration::max();
  return std::min(method_default > Duration::zero() ? method_default : options.fallback, options.longest);
}

DeadlineLayer::DeadlineLayer(const LayerContext& context)
    : options_{.fallback = std::chrono::milliseconds(context.options.deadlines().default_ms()),
               .longest = std::chrono::milliseconds(context.options.deadlines().max_ms())} {}

Step DeadlineLayer::Enter(Call& call) {
  const Method& method = call.method();
  auto allowed = TimeAllowed(call.headers(), method.default_deadline, method.deadline_per_message, options_);
  if (!allowed.ok()) {
    call.Fail(allowed.status());
    return Step::kStop;
  }
  if (*allowed == Duration::max()) return Step::kNext;
  call.set_deadline(call.arrived() + *allowed);
  call.State<Timer>(*this).id = call.loop().At(call.deadline(), [weak = call.weak_from_this(), allowed = *allowed] {
    const auto call = weak.lock();
    if (call == nullptr) return;
    call->Fail(Error(Reason::DEADLINE_EXCEEDED, StrCat("no result within ", static_cast<int64_t>(ToMs(allowed)),
                                                       " ms; allow more time or retry later")));
  });
  return Step::kNext;
}

void DeadlineLayer::Leave(Call& call) noexcept {
  if (const Loop::TimerId id = call.State<Timer>(*this).id; id != 0) call.loop().Cancel(id);
}

}  // namespace sluice
