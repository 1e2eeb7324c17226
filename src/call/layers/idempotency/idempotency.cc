#include "call/layers/idempotency/idempotency.h"

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <optional>
#include <utility>

#include "ai/inference/config/server.pb.h"
#include "ai/inference/options.pb.h"
#include "base/error.h"
#include "base/executor.h"
#include "base/strings.h"
#include "call/call.h"
#include "call/layers/idempotency/digest.h"
#include "call/layers/idempotency/memory_store.h"

namespace sluice {
namespace {

// A message above this is digested by a worker.
constexpr size_t kDigestOnLoopBytes = 64 << 10;
// An answer above this is not recorded: it would be printed on a loop.
constexpr size_t kRecordBytesMax = 256 << 10;
constexpr size_t kKeyBytesMax = 255;

bool IsVisible(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7f) return false;
  }
  return !text.empty() && text.size() <= kKeyBytesMax;
}

}  // namespace

struct IdempotencyLayer::Use {
  std::weak_ptr<Call> call;
  std::string key;
  bool binds_body = false;
  std::string digest;
  IdempotencyStore::Caller caller = 0;
  enum class Phase { kDigesting, kAsked, kComputes, kOver } phase = Phase::kDigesting;
  bool in_request = false;  // OnRequest is on the stack: its step goes on, not Resume
  std::optional<std::string> record;
};

struct IdempotencyLayer::State : LayerState {
  std::shared_ptr<Use> use;
};

IdempotencyLayer::IdempotencyLayer(const LayerContext& context) : chores_(context.chores) {
  const auto& options = context.options.idempotency();
  if (options.store() == ai::inference::config::Idempotency::MEMORY) {
    store_ = std::make_unique<MemoryIdempotencyStore>(
        IdempotencyTable::Options{.bytes_max = options.bytes_max(),
                                  .record_bytes_max = kRecordBytesMax,
                                  .time_to_live = std::chrono::seconds(options.time_to_live_s())},
        context.clock);
  }
  replayed_ = &prometheus::BuildCounter()
                   .Name("ai_inference_replays_total")
                   .Help("Calls that were answered from the record of an earlier one.")
                   .Register(context.metrics)
                   .Add({});
  waited_ = &prometheus::BuildCounter()
                 .Name("ai_inference_replay_waits_total")
                 .Help("Calls that waited for the same request's computation.")
                 .Register(context.metrics)
                 .Add({});
}

IdempotencyLayer::~IdempotencyLayer() = default;

std::string IdempotencyLayer::KeyOf(const Call& call, bool& binds_body) {
  std::string_view value = call.headers().Get("idempotency-key");
  binds_body = !value.empty();
  if (!binds_body) value = call.headers().Get("x-request-id");
  if (!IsVisible(value)) return {};
  const std::string_view client = call.key_id.empty() ? std::string_view(call.client_ip) : call.key_id;
  return StrCat(binds_body ? "k " : "r ", client, " ", call.method().name, " ", value);
}

Step IdempotencyLayer::OnRequest(Call& call, const Message& message) {
  const Method& method = call.method();
  if (store_ == nullptr || !method.options->replay() || method.client_streaming || method.server_streaming) {
    return Step::kNext;
  }
  bool binds_body = false;
  std::string key = KeyOf(call, binds_body);
  if (key.empty()) return Step::kNext;
  auto use = std::make_shared<Use>();
  use->call = call.weak_from_this();
  use->key = std::move(key);
  use->binds_body = binds_body;
  call.State<State>(*this).use = use;
  if (message.ByteSizeLong() <= kDigestOnLoopBytes) {
    use->digest = DigestOf(message);
    use->in_request = true;
    Digested(call, use);
    use->in_request = false;
    if (call.done()) return Step::kStop;
    return use->phase == Use::Phase::kComputes ? Step::kNext : Step::kPark;
  }
  // The call keeps the message as long as it is there itself.
  Task chore = [this, use, call = call.shared_from_this(), &message] {
    use->digest = DigestOf(message);
    Loop& loop = call->loop();
    loop.Post([this, use, call = std::move(call)] {
      if (!call->done()) Digested(*call, use);
    });
  };
  if (!chores_.TryPost(call.chore_owner(), chore)) {
    call.Fail(Error(Reason::OVERLOADED, "too many large bodies are waiting for a worker; retry later"));
    return Step::kStop;
  }
  return Step::kPark;
}

void IdempotencyLayer::Digested(Call& call, const std::shared_ptr<Use>& use) {
  // Without Idempotency-Key the body is part of the key.
  if (!use->binds_body) use->key += StrCat(" ", use->digest);
  use->phase = Use::Phase::kAsked;
  use->caller = store_->Begin(
      use->key, use->digest, call.loop(),
      [this, use](IdempotencyStore::Verdict verdict, const IdempotencyRecord& record) { Told(use, verdict, record); });
  if (use->phase == Use::Phase::kAsked) waited_->Increment();
}

void IdempotencyLayer::Told(const std::shared_ptr<Use>& use, IdempotencyStore::Verdict verdict,
                            const IdempotencyRecord& record) {
  const auto call = use->call.lock();
  if (call == nullptr || call->done()) {
    if (verdict == IdempotencyStore::Verdict::kCompute) store_->Abandon(use->key, use->caller);
    return;
  }
  switch (verdict) {
    case IdempotencyStore::Verdict::kCompute:
      use->phase = Use::Phase::kComputes;
      if (!use->in_request) call->Resume();
      return;
    case IdempotencyStore::Verdict::kReplay: use->phase = Use::Phase::kOver; return Replay(*call, *record);
    case IdempotencyStore::Verdict::kOtherBody:
      use->phase = Use::Phase::kOver;
      return call->Fail(Error(Reason::IDEMPOTENCY_KEY_REUSED,
                              "this Idempotency-Key was used with another body; use a new key for a new request"));
  }
}

void IdempotencyLayer::Replay(Call& call, const std::string& record) {
  const auto* type = call.method().descriptor->output_type();
  const MessagePtr answer(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (!answer->ParseFromString(record)) {
    return call.Fail(Error(Reason::INTERNAL, "the recorded response cannot be read"));
  }
  replayed_->Increment();
  call.response_headers().Add("idempotent-replayed", "true");
  call.Reply(std::move(*answer));
}

void IdempotencyLayer::OnAnswer(Call& call, const Message& message) {
  const State* const state = call.FindState<State>(*this);
  if (state == nullptr || state->use->phase != Use::Phase::kComputes) return;
  if (call.response_headers().Find("x-sluice-degraded") || message.ByteSizeLong() > kRecordBytesMax) return;
  state->use->record = message.SerializeAsString();
}

void IdempotencyLayer::Leave(Call& call) noexcept {
  const State* const state = call.FindState<State>(*this);
  if (state == nullptr) return;
  Use& use = *state->use;
  switch (std::exchange(use.phase, Use::Phase::kOver)) {
    case Use::Phase::kAsked: return store_->Forget(use.key, use.caller);
    case Use::Phase::kComputes:
      if (!call.outcome().ok() || !use.record) return store_->Abandon(use.key, use.caller);
      return store_->Complete(use.key, use.caller, std::make_shared<const std::string>(*std::move(use.record)));
    default: return;
  }
}

}  // namespace sluice
