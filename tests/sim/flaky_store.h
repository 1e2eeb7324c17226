// Idempotency's store of a single server, with outages: while it is down, calls are served without it, and what they
// would have told it is lost. Who waits for a call whose answer gets lost computes for itself, as when a lease ends.
#pragma once

#include <memory>
#include <unordered_set>
#include <utility>

#include "call/layers/idempotency/memory_store.h"
#include "tests/sim/journal.h"

namespace sluice::sim {

class FlakyStore final : public IdempotencyStore {
 public:
  FlakyStore(const Journal& journal, const Clock& clock) : journal_(journal), store_({}, clock, [] {}) {}

  void Begin(const Ask& ask, Told told) override {
    if (!journal_.store_down) return store_.Begin(ask, std::move(told));
    alone_.insert(ask.caller);
    told(Verdict::kCompute, nullptr);
  }
  void Complete(const Ask& ask, IdempotencyRecord record) override {
    if (IsAlone(ask)) return;
    journal_.store_down ? store_.Dissolve(ask) : store_.Complete(ask, std::move(record));
  }
  void Abandon(const Ask& ask) override {
    if (!IsAlone(ask)) store_.Abandon(ask);
  }
  void Dissolve(const Ask& ask) override {
    if (!IsAlone(ask)) store_.Dissolve(ask);
  }
  void Forget(const Ask& ask) override {
    if (!IsAlone(ask)) store_.Forget(ask);
  }

 private:
  bool IsAlone(const Ask& ask) { return alone_.erase(ask.caller) > 0; }

  const Journal& journal_;
  MemoryIdempotencyStore store_;
  std::unordered_set<Caller> alone_;  // that began during an outage
};

}  // namespace sluice::sim
