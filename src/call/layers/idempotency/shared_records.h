// What several replicas know of a request together: who computes it, by a lease that ends with its owner, or its
// answer.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "call/layers/idempotency/table.h"

namespace sluice {

class Loop;

class SharedRecords {
 public:
  struct Slot {
    std::string key;
    std::string digest;
    std::string token;  // the claimant's own: 16 bytes
  };
  struct Claimed {
    enum class By { kUs, kOther, kRecorded } by;
    std::string digest;        // of the other's request, or the recorded one; empty: the other's claim has just ended
    IdempotencyRecord record;  // of kRecorded
  };
  using Told = std::function<void(absl::StatusOr<Claimed>)>;
  using Failed = std::function<void(const absl::Status&)>;

  virtual ~SharedRecords() = default;
  // All are called on `loop`, which is where they tell. The lease begins when nobody has one and nothing is recorded.
  virtual void Claim(Loop& loop, const Slot& slot, Duration lease, Told told) = 0;
  // Of the lease's owner, or when nobody has it any more; otherwise nothing happens.
  virtual void Renew(Loop& loop, const Slot& slot, Duration lease, Failed failed) = 0;
  virtual void Record(Loop& loop, const Slot& slot, const std::string& record, Duration time_to_live,
                      Failed failed) = 0;
  virtual void Release(Loop& loop, const Slot& slot, Failed failed) = 0;
};

}  // namespace sluice
