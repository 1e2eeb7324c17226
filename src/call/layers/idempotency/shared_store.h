// The store of several replicas. Within this process callers wait for each other as in the memory store, and only the
// one that would compute asks the others:
//
//   Begin ─► local ─► waits, replay, another body: as there
//                └──► would compute ─► Claim ─► ours      computes under a lease, renewed until its end
//                                          ├──► recorded  replay, here and for those who wait here
//                                          ├──► another's asks again in a while; computes when the lease has ended
//                                          └──► an error  computes: an outage costs a second computation, never a call
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "base/random.h"
#include "call/layers/idempotency/memory_store.h"
#include "call/layers/idempotency/shared_records.h"

namespace sluice {

// Thread-safe.
class SharedIdempotencyStore final : public IdempotencyStore {
 public:
  // A replica that is gone holds its requests up for so long.
  static constexpr Duration kLease = std::chrono::milliseconds(300);
  static constexpr Duration kRenewal = kLease / 3;

  struct Options {
    Duration time_to_live;
    std::function<void()> on_wait;   // for another replica
    std::function<void()> on_error;  // what is shared could not be read or written
  };
  SharedIdempotencyStore(std::unique_ptr<MemoryIdempotencyStore> local, std::unique_ptr<SharedRecords> shared,
                         SharedRandom& random, Options options);
  ~SharedIdempotencyStore() override;

  void Begin(const Ask& ask, Told told) override;
  void Complete(const Ask& ask, IdempotencyRecord record) override;
  void Abandon(const Ask& ask) override;
  void Dissolve(const Ask& ask) override;
  void Forget(const Ask& ask) override;

 private:
  struct Flight;  // of a caller, until it is told that there is nothing to do, or is done
  using FlightPtr = std::shared_ptr<Flight>;

  bool IsUnderWay(Caller caller) const;
  FlightPtr Take(Caller caller);
  void OnLocal(const FlightPtr& flight, Verdict verdict, const IdempotencyRecord& record);
  void Claim(const FlightPtr& flight);
  void OnClaimed(const FlightPtr& flight, const absl::StatusOr<SharedRecords::Claimed>& claimed);
  void OnOther(const FlightPtr& flight, const SharedRecords::Claimed& claimed);
  void RenewLater(const FlightPtr& flight);
  void Release(Flight& flight);
  void Tell(const FlightPtr& flight, Verdict verdict, const IdempotencyRecord& record);
  SharedRecords::Failed Count() const;

  const std::unique_ptr<MemoryIdempotencyStore> local_;
  const std::unique_ptr<SharedRecords> shared_;
  SharedRandom& random_;
  const Options options_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<Caller, FlightPtr> flights_;  // guarded by mutex_
};

}  // namespace sluice
