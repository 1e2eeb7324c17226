// The store of one process: a table under a lock.
#pragma once

#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "call/layers/idempotency/store.h"
#include "call/layers/idempotency/table.h"

namespace sluice {

// Thread-safe.
class MemoryIdempotencyStore final : public IdempotencyStore {
 public:
  MemoryIdempotencyStore(const IdempotencyTable::Options& options, const Clock& clock)
      : clock_(clock), table_(options) {}

  Caller Begin(const std::string& key, const std::string& digest, Loop& loop, Told told) override;
  void Complete(const std::string& key, Caller caller, IdempotencyRecord record) override;
  void Abandon(const std::string& key, Caller caller) override;
  void Forget(const std::string& key, Caller caller) override;

 private:
  struct Waiting {
    Loop* loop;
    Told told;
  };
  Waiting Take(Caller caller);  // under mutex_

  const Clock& clock_;
  std::mutex mutex_;
  IdempotencyTable table_;
  absl::flat_hash_map<Caller, Waiting> waiting_;
  Caller last_ = 0;
};

}  // namespace sluice
