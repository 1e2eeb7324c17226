#include "call/outcome.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/short_deadline.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/call.h"
#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"

namespace sluice {

namespace {

bool LeftTooLittle(const Call& call) {
  const Duration left = call.deadline() - call.completed();
  if (call.uses.empty()) return left < Duration::zero();
  return std::any_of(call.uses.begin(), call.uses.end(), [left](const CallUse& use) {
    return IsShortDeadline(left, std::chrono::milliseconds(static_cast<int64_t>(use.slo_ms)));
  });
}

}  // namespace

int GrpcCodeOf(const absl::Status& status) { return status.ok() ? 0 : InfoOf(ReasonOf(status)).grpc_code; }

std::string_view GrpcCodeName(int code) {
  if (code == 0) return "OK";  // most calls, without a look into the descriptor
  const auto* value = google::rpc::Code_descriptor()->FindValueByNumber(code);
  return value == nullptr ? std::string_view("UNKNOWN") : std::string_view(value->name());
}

int HttpStatusOf(const absl::Status& status) { return status.ok() ? 200 : InfoOf(ReasonOf(status)).http_status; }

std::string_view ErrorTypeOf(const Call& call) {
  const absl::Status& status = call.outcome();
  if (status.ok()) return {};
  const Reason reason = ReasonOf(status);
  const bool too_short = HadShortDeadline(status) || (reason == Reason::DEADLINE_EXCEEDED && LeftTooLittle(call));
  return too_short ? "client" : InfoOf(reason).error_type;
}

CallIds IdsOf(const Call& call) { return {.request_id = call.request_id, .trace_id = call.trace.TraceId()}; }

google::rpc::Status ToRpcStatus(const absl::Status& status, const CallIds& ids) {
  google::rpc::Status out;
  out.set_code(GrpcCodeOf(status));
  // Of a status that was not made by Error(), too: a string of protobuf is UTF-8, or clients cannot read any of it.
  out.set_message(MakeValidUtf8(ToStd(status.message())));
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(InfoOf(ReasonOf(status)).name));
  info.set_domain("sluice");
  if (!ids.trace_id.empty()) (*info.mutable_metadata())["trace_id"] = ids.trace_id;
  out.add_details()->PackFrom(info);
  if (!ids.request_id.empty()) {
    google::rpc::RequestInfo request;
    request.set_request_id(std::string(ids.request_id));
    out.add_details()->PackFrom(request);
  }
  if (const std::string field = FieldOf(status); !field.empty()) {
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description(out.message());
    out.add_details()->PackFrom(bad);
  }
  if (const auto after = RetryAfterOf(status)) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(*after));
    retry.mutable_retry_delay()->set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(*after) % 1'000'000'000));
    out.add_details()->PackFrom(retry);
  }
  return out;
}

}  // namespace sluice
