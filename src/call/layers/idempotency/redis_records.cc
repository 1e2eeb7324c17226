#include "call/layers/idempotency/redis_records.h"

#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr size_t kTokenBytes = 16;
constexpr size_t kDigestBytes = 32;

// KEYS[1]; ARGV: our claim, ... Each leaves alone what another claimed or recorded.
constexpr std::string_view kRenew = R"(
local v = redis.call('GET', KEYS[1])
if v == false then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif v == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end)";
constexpr std::string_view kRecord = R"(
local v = redis.call('GET', KEYS[1])
if v == false or v == ARGV[1] then redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2]) end)";
constexpr std::string_view kRelease = R"(
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end)";

std::string NameOf(const SharedRecords::Slot& slot) {
  Sha256 hash;
  hash.Update(slot.key);
  return StrCat("sluice:replay:", absl::BytesToHexString(hash.Finish()));
}

std::string ClaimOf(const SharedRecords::Slot& slot) { return StrCat("r", slot.token, slot.digest); }

std::string Ms(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

Redis::Done TellFailure(SharedRecords::Failed failed) {
  return [failed = std::move(failed)](const absl::StatusOr<RedisReply>& reply) {
    if (!reply.ok()) failed(reply.status());
  };
}

}  // namespace

absl::StatusOr<SharedRecords::Claimed> ReadSharedValue(const std::string& value, const std::string& token) {
  using By = SharedRecords::Claimed::By;
  if (value.size() == 1 + kTokenBytes + kDigestBytes && value[0] == 'r') {
    return SharedRecords::Claimed{.by = value.compare(1, kTokenBytes, token) == 0 ? By::kUs : By::kOther,
                                  .digest = value.substr(1 + kTokenBytes)};
  }
  if (value.size() >= 1 + kDigestBytes && value[0] == 'd') {
    return SharedRecords::Claimed{.by = By::kRecorded,
                                  .digest = value.substr(1, kDigestBytes),
                                  .record = std::make_shared<const std::string>(value.substr(1 + kDigestBytes))};
  }
  return absl::UnknownError("a key of ours holds a value that is not ours");
}

// Two commands that go out together: the second tells what is there, whoever put it.
void RedisRecords::Claim(Loop& loop, const Slot& slot, Duration lease, Told told) {
  const std::string name = NameOf(slot);
  const auto set = std::make_shared<absl::StatusOr<RedisReply>>();
  redis_.Run(loop, {"SET", name, ClaimOf(slot), "NX", "PX", Ms(lease)},
             [set](const absl::StatusOr<RedisReply>& reply) { *set = reply; });
  redis_.Run(loop, {"GET", name},
             [set, token = slot.token, told = std::move(told)](const absl::StatusOr<RedisReply>& reply) {
               if (!set->ok()) return told(set->status());
               if (!reply.ok()) return told(reply.status());
               if (reply->kind == RedisReply::Kind::kText) return told(ReadSharedValue(reply->text, token));
               // It is gone again. Ours, because memory is short; another's ended, and who asks again finds it free.
               told(Claimed{.by = (*set)->kind == RedisReply::Kind::kText ? Claimed::By::kUs : Claimed::By::kOther});
             });
}

void RedisRecords::Renew(Loop& loop, const Slot& slot, Duration lease, Failed failed) {
  redis_.Run(loop, {"EVAL", kRenew, "1", NameOf(slot), ClaimOf(slot), Ms(lease)}, TellFailure(std::move(failed)));
}

void RedisRecords::Record(Loop& loop, const Slot& slot, const std::string& record, Duration time_to_live,
                          Failed failed) {
  redis_.Run(loop,
             {"EVAL", kRecord, "1", NameOf(slot), ClaimOf(slot), Ms(time_to_live), StrCat("d", slot.digest, record)},
             TellFailure(std::move(failed)));
}

void RedisRecords::Release(Loop& loop, const Slot& slot, Failed failed) {
  redis_.Run(loop, {"EVAL", kRelease, "1", NameOf(slot), ClaimOf(slot)}, TellFailure(std::move(failed)));
}

}  // namespace sluice
