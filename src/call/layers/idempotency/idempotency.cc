#include "call/layers/idempotency/idempotency.h"

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "ai/inference/config/server.pb.h"
#include "ai/inference/options.pb.h"
#include "base/error.h"
#include "base/executor.h"
#include "base/ids.h"
#include "base/strings.h"
#include "call/call.h"
#include "call/layers/idempotency/digest.h"
#include "call/layers/idempotency/memory_store.h"
#include "call/layers/idempotency/redis_records.h"
#include "call/layers/idempotency/shared_store.h"

namespace sluice {
namespace {

// A message above this is digested by a worker.
constexpr size_t kDigestOnLoopBytes = 64 << 10;
// An answer above this is not recorded: it would be printed on a loop.
constexpr size_t kRecordBytesMax = 256 << 10;
constexpr size_t kKeyBytesMax = 255;

bool IsAcceptableKey(std::string_view key) {
  return key.size() <= kKeyBytesMax && std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

bool IsCompressed(const Headers& headers) {
  return !headers.Get("content-encoding").empty() || !headers.Get("grpc-encoding").empty();
}

// By the bytes of the wire first: even the size of a message takes time, when 64 KiB were 64 MiB of numbers.
bool IsSmall(const Call& call, const Message& message) {
  return call.bytes_in <= kDigestOnLoopBytes && !IsCompressed(call.headers()) &&
         message.ByteSizeLong() <= kDigestOnLoopBytes;
}

// Some answers have the error of a part, like an image that could not be computed for now.
bool HoldsError(const Message& message) {
  const auto* const reflection = message.GetReflection();
  const auto* const type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* const field = type->field(i);
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) continue;
    if (!reflection->HasField(message, field)) continue;
    if (field->message_type()->full_name() == "google.rpc.Status") return true;
    if (HoldsError(reflection->GetMessage(message, field))) return true;
  }
  return false;
}

prometheus::Counter& MakeCounter(const LayerContext& context, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(context.metrics).Add({});
}

// Null: off.
std::unique_ptr<IdempotencyStore> MakeStore(const LayerContext& context) {
  using ai::inference::config::Idempotency;
  const Idempotency& options = context.options.idempotency();
  auto& waits =
      MakeCounter(context, "ai_inference_replay_waits_total", "Calls that waited for the same request's computation.");
  auto& errors = MakeCounter(context, "ai_inference_replay_store_errors_total",
                             "Reads and writes of shared records that failed; their calls were served without.");
  if (options.store() == Idempotency::OFF) return nullptr;
  const auto time_to_live = std::chrono::seconds(options.time_to_live_s());
  const std::function<void()> on_wait = [&waits] { waits.Increment(); };
  auto local = std::make_unique<MemoryIdempotencyStore>(
      IdempotencyTable::Options{
          .bytes_max = options.bytes_max(), .record_bytes_max = kRecordBytesMax, .time_to_live = time_to_live},
      context.clock, on_wait);
  if (options.store() == Idempotency::MEMORY || context.redis == nullptr) return local;
  return std::make_unique<SharedIdempotencyStore>(
      std::move(local), std::make_unique<RedisRecords>(*context.redis), context.random,
      SharedIdempotencyStore::Options{
          .time_to_live = time_to_live, .on_wait = on_wait, .on_error = [&errors] { errors.Increment(); }});
}

std::string KeyOf(const Call& call, std::string_view kind, std::string_view value) {
  const bool anonymous = call.key_id.empty();
  return StrCat(kind, anonymous ? " from " : " of ", anonymous ? call.client_ip : call.key_id, " ", call.method().name,
                " ", value);
}

}  // namespace

struct IdempotencyLayer::Use {
  std::weak_ptr<Call> call;
  IdempotencyStore::Ask ask;
  bool binds_body = false;
  enum class Phase {
    kDigesting,
    kAsked,     // the store
    kComputes,  // for all
    kReplays,
    kOver,  // answered, or computes for itself
  } phase = Phase::kDigesting;
  bool in_request = false;  // OnRequest is on the stack: its step goes on, not Resume
  std::optional<std::string> record;
};

struct IdempotencyLayer::State : LayerState {
  std::shared_ptr<Use> use;
};

IdempotencyLayer::IdempotencyLayer(const LayerContext& context) : IdempotencyLayer(context, MakeStore(context)) {}

IdempotencyLayer::IdempotencyLayer(const LayerContext& context, std::unique_ptr<IdempotencyStore> store)
    : chores_(context.chores),
      store_(std::move(store)),
      replayed_(&MakeCounter(context, "ai_inference_replays_total",
                             "Calls that were answered from the record of an earlier one.")) {}

IdempotencyLayer::~IdempotencyLayer() = default;

Step IdempotencyLayer::OnRequest(Call& call, const Message& message) {
  const Method& method = call.method();
  if (store_ == nullptr || !method.options->replay() || method.client_streaming || method.server_streaming) {
    return Step::kNext;
  }
  const std::string_view key = call.headers().Get("idempotency-key");
  const std::string_view id = call.headers().Get("x-request-id");
  if (!IsAcceptableKey(key)) {
    call.Fail(Error(Reason::INVALID_REQUEST,
                    StrCat("Idempotency-Key must be at most ", kKeyBytesMax, " printable ASCII characters")));
    return Step::kStop;
  }
  if (key.empty() && !IsAcceptableRequestId(id)) return Step::kNext;
  auto use = std::make_shared<Use>();
  use->call = call.weak_from_this();
  use->binds_body = !key.empty();
  use->ask = {.key = use->binds_body ? KeyOf(call, "key", key) : KeyOf(call, "id", id),
              .caller = ++last_caller_,
              .loop = &call.loop()};
  call.State<State>(*this).use = use;
  return IsSmall(call, message) ? DigestNow(call, use, message) : DigestByWorker(call, use, message);
}

Step IdempotencyLayer::DigestNow(Call& call, const std::shared_ptr<Use>& use, const Message& message) {
  use->ask.digest = DigestOf(message);
  use->in_request = true;
  AskStore(use);
  use->in_request = false;
  if (call.done()) return Step::kStop;
  return use->phase == Use::Phase::kAsked ? Step::kPark : Step::kNext;
}

Step IdempotencyLayer::DigestByWorker(Call& call, const std::shared_ptr<Use>& use, const Message& message) {
  // The message stays as long as its call, which goes back to its loop.
  Task chore = [this, use, call = call.shared_from_this(), &message]() mutable {
    use->ask.digest = DigestOf(message);
    Loop& loop = call->loop();
    loop.Post([this, use, call = std::move(call)] {
      if (!call->done()) AskStore(use);
    });
  };
  if (chores_.TryPost(call.chore_owner(), chore)) return Step::kPark;
  call.Fail(Error(Reason::OVERLOADED, "too many large bodies are waiting for a worker; retry later"));
  return Step::kStop;
}

void IdempotencyLayer::AskStore(const std::shared_ptr<Use>& use) {
  // Without Idempotency-Key the body is part of the key.
  if (!use->binds_body) use->ask.key += StrCat(" ", use->ask.digest);
  use->phase = Use::Phase::kAsked;
  store_->Begin(use->ask, [this, use](IdempotencyStore::Verdict verdict, const IdempotencyRecord& record) {
    Told(use, verdict, record);
  });
}

void IdempotencyLayer::Told(const std::shared_ptr<Use>& use, IdempotencyStore::Verdict verdict,
                            const IdempotencyRecord& record) {
  const auto call = use->call.lock();
  if (call == nullptr || call->done()) {
    if (verdict == IdempotencyStore::Verdict::kCompute) store_->Abandon(use->ask);
    return;
  }
  use->phase = Use::Phase::kOver;
  switch (verdict) {
    case IdempotencyStore::Verdict::kCompute: use->phase = Use::Phase::kComputes; break;
    case IdempotencyStore::Verdict::kAlone: break;
    case IdempotencyStore::Verdict::kReplay:
      use->phase = Use::Phase::kReplays;
      if (Replay(*call, *record)) return;
      use->phase = Use::Phase::kOver;
      break;
    case IdempotencyStore::Verdict::kOtherBody:
      return call->Fail(Error(Reason::IDEMPOTENCY_KEY_REUSED,
                              "this Idempotency-Key was used with another body; use a new key for a new request"));
  }
  if (!use->in_request) call->Resume();
}

// False when the record cannot be read.
bool IdempotencyLayer::Replay(Call& call, const std::string& record) {
  const auto* type = call.method().descriptor->output_type();
  const MessagePtr answer(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (!answer->ParseFromString(record)) return false;
  call.Reply(std::move(*answer));
  return true;
}

void IdempotencyLayer::OnAnswer(Call& call, const Message& message) {
  const State* const state = call.FindState<State>(*this);
  if (state == nullptr) return;
  // Here, because there may be no memory for it: an error of this moment is no recorded one.
  if (state->use->phase == Use::Phase::kReplays) {
    replayed_->Increment();
    call.response_headers().Add("idempotent-replayed", "true");
  }
  if (state->use->phase != Use::Phase::kComputes) return;
  if (call.response_headers().Find("x-sluice-degraded") || HoldsError(message)) return;
  if (message.ByteSizeLong() > kRecordBytesMax) return;
  state->use->record = message.SerializeAsString();
}

void IdempotencyLayer::Leave(Call& call) noexcept {
  const State* const state = call.FindState<State>(*this);
  if (state == nullptr) return;
  Use& use = *state->use;
  switch (std::exchange(use.phase, Use::Phase::kOver)) {
    case Use::Phase::kAsked: return store_->Forget(use.ask);
    case Use::Phase::kComputes:
      if (!call.outcome().ok()) return store_->Abandon(use.ask);
      if (!use.record) return store_->Dissolve(use.ask);
      return store_->Complete(use.ask, std::make_shared<const std::string>(*std::move(use.record)));
    default: return;
  }
}

}  // namespace sluice
