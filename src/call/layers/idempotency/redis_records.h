// Shared records in Redis. One string per request, which ends by itself:
//
//   sluice:replay:<SHA-256 of the key, hex>  =  'r' token digest            computed now; lives as long as the lease
//                                               'd' digest response message  answered
#pragma once

#include "base/redis/redis.h"
#include "call/layers/idempotency/shared_records.h"

namespace sluice {

class RedisRecords final : public SharedRecords {
 public:
  // It outlives this.
  explicit RedisRecords(Redis& redis) : redis_(redis) {}

  void Claim(Loop& loop, const Slot& slot, Duration lease, Told told) override;
  void Renew(Loop& loop, const Slot& slot, Duration lease, Failed failed) override;
  void Record(Loop& loop, const Slot& slot, const std::string& record, Duration time_to_live, Failed failed) override;
  void Release(Loop& loop, const Slot& slot, Failed failed) override;

 private:
  Redis& redis_;
};

// What a value says; pure. An error when it is none of ours.
absl::StatusOr<SharedRecords::Claimed> ReadSharedValue(const std::string& value, const std::string& token);

}  // namespace sluice
