#include "call/layers/shed/shed.h"

#include "ai/inference/config/server.pb.h"
#include "base/strings.h"
#include "call/call.h"

namespace sluice {
namespace {

// So long after a refusal the loop may trade a little latency for fewer wake-ups: the workers need the cores.
constexpr Duration kLagAfterRefusal = std::chrono::milliseconds(50);
constexpr std::string_view kPredictedWait = "x-sluice-predicted-wait-ms";

void TellWait(const LoadProbe& load, Call& call) {
  call.response_headers().Add(kPredictedWait, StrCat(static_cast<int64_t>(ToMs(load.Backlog()))));
}

}  // namespace

ShedLayer::ShedLayer(const LayerContext& context)
    : enabled_(context.options.overload().predict()),
      load_(context.load),
      busy_(context.options.degrade().busy_message(), context.random) {}

Step ShedLayer::Enter(Call& call) {
  const Method& method = call.method();
  // The messages of a stream come one by one, and each is judged by itself.
  if (!enabled_ || !method.work_class || method.client_streaming || method.server_streaming) return Step::kNext;
  const absl::Status verdict = load_.Judge(call.work_class, call.principal(), call.deadline());
  if (verdict.ok()) return Step::kNext;
  TellWait(load_, call);
  call.loop().MayLag(call.loop().Now() + kLagAfterRefusal);
  call.Fail(busy_(verdict));
  return Step::kStop;
}

void ShedLayer::OnAnswer(Call& call, const Message&) {
  if (call.method().work_class && !call.response_headers().Find(kPredictedWait)) TellWait(load_, call);
}

}  // namespace sluice
