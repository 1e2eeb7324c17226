// What a Redis says of a claim, and a store over one that keeps none.
#include "call/layers/idempotency/redis_records.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/testing/fake_loop.h"
#include "call/layers/idempotency/shared_store.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using By = SharedRecords::Claimed::By;
using Kind = RedisReply::Kind;

// Answers SET and GET in turn.
class ToldRedis final : public Redis {
 public:
  void Run(Loop& loop, Words words, Done done) override {
    ++commands;
    const RedisReply& reply = *words.begin() == "SET" ? set : get;
    loop.Post([reply, done = std::move(done)]() mutable { done(reply); });
  }
  RedisReply set, get;
  int commands = 0;
};

class RedisRecordsTest : public testing::Test {
 protected:
  By Claimed() {
    std::optional<By> by;
    RedisRecords(redis).Claim(loop, {.key = "k", .digest = std::string(32, 'x'), .token = std::string(16, 't')}, 1s,
                              [&by](const auto& claimed) { by = claimed->by; });
    loop.Run();
    return *by;
  }
  FakeLoop loop;
  ToldRedis redis;
};

TEST_F(RedisRecordsTest, AClaimThatIsGoneAtOnceWasStillOurs) {
  redis.set = {.kind = Kind::kText, .text = "OK"};
  EXPECT_EQ(Claimed(), By::kUs) << "evicted, or read from a replica that is behind";
  redis.set = {};
  EXPECT_EQ(Claimed(), By::kOther) << "another's ended between the two";
}

TEST_F(RedisRecordsTest, WhoseStoreKeepsNothingComputes) {
  SharedRandom random{Random(1)};
  int errors = 0;
  SharedIdempotencyStore store(
      std::make_unique<MemoryIdempotencyStore>(IdempotencyTable::Options{}, loop.clock(), [] {}),
      std::make_unique<RedisRecords>(redis), random, {.on_wait = [] {}, .on_error = [&errors] { ++errors; }});
  std::optional<IdempotencyStore::Verdict> heard;
  store.Begin({.key = "k", .digest = std::string(32, 'x'), .caller = 1, .loop = &loop},
              [&heard](IdempotencyStore::Verdict verdict, const IdempotencyRecord&) { heard = verdict; });
  loop.Advance(1s);
  EXPECT_EQ(heard, IdempotencyStore::Verdict::kCompute);
  EXPECT_EQ(errors, 1);
  EXPECT_LT(redis.commands, 20);
}

}  // namespace
}  // namespace sluice
