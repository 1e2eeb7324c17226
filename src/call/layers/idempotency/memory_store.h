// The store of one process: a table under a lock.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "call/layers/idempotency/store.h"
#include "call/layers/idempotency/table.h"

namespace sluice {

// Thread-safe.
class MemoryIdempotencyStore final : public IdempotencyStore {
 public:
  // `on_wait`: a caller waits for another one.
  MemoryIdempotencyStore(const IdempotencyTable::Options& options, const Clock& clock, std::function<void()> on_wait)
      : clock_(clock), on_wait_(std::move(on_wait)), table_(options) {}

  void Begin(const Ask& ask, Told told) override;
  void Complete(const Ask& ask, IdempotencyRecord record) override;
  void Abandon(const Ask& ask) override;
  void Dissolve(const Ask& ask) override;
  void Forget(const Ask& ask) override;

 private:
  struct Waiting {
    Loop* loop;
    Told told;
  };
  using Callers = std::vector<Caller>;
  // Under mutex_: those of them who still wait, and do so no more.
  std::vector<Waiting> Take(const Callers& callers);
  static void Tell(std::vector<Waiting> waiting, Verdict verdict, const IdempotencyRecord& record);

  const Clock& clock_;
  const std::function<void()> on_wait_;
  std::mutex mutex_;
  IdempotencyTable table_;
  absl::flat_hash_map<Caller, Waiting> waiting_;
};

}  // namespace sluice
