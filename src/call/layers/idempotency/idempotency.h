// Idempotency: a request that was answered already is answered again from the record, and one that is being computed is
// not computed twice. For methods whose options say `replay`, one request message and one answer.
//
//   Idempotency-Key: K   the key is (client, method, K); another body under it is IDEMPOTENCY_KEY_REUSED (422)
//   X-Request-ID: R      the key is (client, method, R, body), because proxies make and reuse request ids: another body
//   is
//                        just another request. Only an id that the client sent.
//
// Only successes of up to 256 KiB are recorded, none of a fallback model and none with the error of a part. An answer
// from the record has Idempotent-Replayed: true. Who waits for another's computation does so until its own deadline;
// when that one fails or goes away, the first who waits computes.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/chores.h"
#include "call/layer.h"
#include "call/layers/idempotency/store.h"

namespace prometheus {
class Counter;
}

namespace sluice {

class IdempotencyLayer final : public Layer {
 public:
  explicit IdempotencyLayer(const LayerContext& context);
  // Over this store instead of the configured one; null: off.
  IdempotencyLayer(const LayerContext& context, std::unique_ptr<IdempotencyStore> store);
  ~IdempotencyLayer() override;
  std::string_view name() const override { return "idempotency"; }
  Step OnRequest(Call& call, const Message& message) override;
  void OnAnswer(Call& call, const Message& message) override;
  void Leave(Call& call) noexcept override;

 private:
  struct Use;    // of one call
  struct State;  // points to it

  Step DigestNow(Call& call, const std::shared_ptr<Use>& use, const Message& message);
  Step DigestByWorker(Call& call, const std::shared_ptr<Use>& use, const Message& message);
  void AskStore(const std::shared_ptr<Use>& use);
  void Told(const std::shared_ptr<Use>& use, IdempotencyStore::Verdict verdict, const IdempotencyRecord& record);
  bool Replay(Call& call, const std::string& record);

  Chores& chores_;
  const std::unique_ptr<IdempotencyStore> store_;  // null: off
  std::atomic<IdempotencyStore::Caller> last_caller_ = 0;
  prometheus::Counter* replayed_;
};

}  // namespace sluice
