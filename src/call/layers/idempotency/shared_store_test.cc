#include "call/layers/idempotency/shared_store.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/testing/fake_loop.h"
#include "call/layers/idempotency/testing/fake_shared_records.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Verdict = IdempotencyStore::Verdict;

class SharedIdempotencyStoreTest : public testing::Test {
 protected:
  // What a caller heard.
  struct One {
    IdempotencyStore::Ask ask;
    std::string heard;
  };

  std::unique_ptr<SharedIdempotencyStore> Replica() {
    auto records = std::make_unique<FakeRecords>(shared);
    replicas.push_back(records.get());
    return std::make_unique<SharedIdempotencyStore>(
        std::make_unique<MemoryIdempotencyStore>(IdempotencyTable::Options{}, loop.clock(), [] {}), std::move(records),
        random,
        SharedIdempotencyStore::Options{
            .time_to_live = 24h, .on_wait = [this] { ++waits; }, .on_error = [this] { ++errors; }});
  }
  One& Begin(SharedIdempotencyStore& store, const std::string& key = "k", char digest = 'x') {
    One& one = callers.emplace_back();
    one.ask = {.key = key, .digest = std::string(32, digest), .caller = callers.size(), .loop = &loop};
    store.Begin(one.ask, [&one](Verdict verdict, const IdempotencyRecord& record) {
      EXPECT_EQ(one.heard, "") << "told once";
      one.heard = verdict == Verdict::kCompute  ? "compute"
                  : verdict == Verdict::kAlone  ? "alone"
                  : verdict == Verdict::kReplay ? *record
                                                : "other body";
    });
    return one;
  }
  static IdempotencyRecord Record(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

  std::deque<One> callers;
  FakeLoop loop;
  FakeShared shared{loop.clock()};
  SharedRandom random{Random(1)};
  std::vector<const void*> replicas;
  int waits = 0, errors = 0;
  std::unique_ptr<SharedIdempotencyStore> a = Replica(), b = Replica(), c = Replica();
};

TEST_F(SharedIdempotencyStoreTest, OneReplicaComputesForAll) {
  const One &first = Begin(*a), &here = Begin(*a);
  loop.Advance(2ms);
  const One &there = Begin(*b), &there_too = Begin(*b);
  loop.Advance(5s);
  EXPECT_EQ(first.heard, "compute") << "and holds its lease for as long as it takes";
  EXPECT_EQ(here.heard + there.heard + there_too.heard, "");
  EXPECT_EQ(waits, 1);
  a->Complete(first.ask, Record("answer"));
  loop.Run();
  EXPECT_EQ(here.heard, "answer");
  loop.Advance(60ms);
  EXPECT_EQ(there.heard, "answer");
  EXPECT_EQ(there_too.heard, "answer");
  EXPECT_EQ(Begin(*b).heard, "answer") << "from its own memory";
  const One& third = Begin(*c);
  loop.Advance(2ms);
  EXPECT_EQ(third.heard, "answer");
  loop.Advance(1s);
  EXPECT_EQ(loop.timers(), 0u);
  EXPECT_EQ(errors, 0);
}

TEST_F(SharedIdempotencyStoreTest, AReplicaThatIsGoneIsWaitedForUntilItsLeaseEnds) {
  const One& first = Begin(*a);
  loop.Advance(2ms);
  const One& there = Begin(*b);
  const Duration lease = SharedIdempotencyStore::kLease;
  loop.Advance(lease / 2);
  shared.crashed.insert(replicas[0]);
  loop.Advance(lease / 2);
  EXPECT_EQ(there.heard, "");
  loop.Advance(lease);
  EXPECT_EQ(there.heard, "compute");
  b->Complete(there.ask, Record("second"));
  loop.Advance(2ms);
  shared.crashed.clear();  // it was only slow
  a->Complete(first.ask, Record("late"));
  loop.Advance(2ms);
  const One& later = Begin(*c);
  loop.Advance(2ms);
  EXPECT_EQ(later.heard, "second") << "a recorded answer stays";
}

TEST_F(SharedIdempotencyStoreTest, WhoGivesUpIsFollowed) {
  const One &first = Begin(*a), &here = Begin(*a);
  loop.Advance(2ms);
  const One& there = Begin(*b);
  loop.Advance(2ms);
  a->Abandon(first.ask);
  loop.Advance(2ms);
  EXPECT_EQ(here.heard, "compute");
  a->Dissolve(here.ask);
  loop.Advance(60ms);
  EXPECT_EQ(there.heard, "compute");
}

TEST_F(SharedIdempotencyStoreTest, AnAnswerForOneAloneFreesTheOthers) {
  const One &first = Begin(*a), &second = Begin(*a), &third = Begin(*a);
  loop.Advance(2ms);
  a->Dissolve(first.ask);
  loop.Advance(2ms);
  EXPECT_EQ(second.heard, "alone");
  EXPECT_EQ(third.heard, "alone");
}

TEST_F(SharedIdempotencyStoreTest, AnotherBodyIsToldAcrossReplicas) {
  const One& first = Begin(*a);
  loop.Advance(2ms);
  const One &other = Begin(*b, "k", 'y'), &same = Begin(*b, "k", 'x');
  EXPECT_EQ(same.heard, "other body") << "of what waits here, which is not known to be refused yet";
  loop.Advance(2ms);
  EXPECT_EQ(other.heard, "other body");
  a->Complete(first.ask, Record("answer"));
  loop.Advance(2ms);
  const One& later = Begin(*b, "k", 'y');
  loop.Advance(2ms);
  EXPECT_EQ(later.heard, "other body");
  const One& good = Begin(*b);
  loop.Advance(2ms);
  EXPECT_EQ(good.heard, "answer");
}

TEST_F(SharedIdempotencyStoreTest, WithoutTheStoreEveryReplicaComputes) {
  shared.down = true;
  const One &first = Begin(*a), &here = Begin(*a), &there = Begin(*b);
  loop.Advance(2ms);
  EXPECT_EQ(first.heard + there.heard, "computecompute");
  EXPECT_EQ(errors, 2);
  a->Complete(first.ask, Record("answer"));
  b->Abandon(there.ask);
  loop.Advance(2ms);
  EXPECT_EQ(here.heard, "answer") << "within a replica they still wait for each other";
}

TEST_F(SharedIdempotencyStoreTest, AnOutageWhileItWaits) {
  Begin(*a);
  loop.Advance(2ms);
  const One& there = Begin(*b);
  loop.Advance(20ms);
  shared.down = true;
  loop.Advance(60ms);
  EXPECT_EQ(there.heard, "compute");
}

TEST_F(SharedIdempotencyStoreTest, WhoGoesWhileItAsksLeavesNoLease) {
  const One &first = Begin(*a), &second = Begin(*a);
  a->Forget(first.ask);
  loop.Advance(10ms);  // the second finds the first one's lease, which is given back when it is known
  EXPECT_EQ(first.heard, "");
  EXPECT_EQ(second.heard, "compute");
  const One& there = Begin(*b);
  loop.Advance(2ms);
  b->Forget(there.ask);  // while it waits for the other replica
  loop.Advance(1ms);
  EXPECT_EQ(there.heard, "");
  a->Abandon(second.ask);
  loop.Advance(1s);
  EXPECT_EQ(loop.timers(), 0u);
}

// Whatever happens when: everyone who stays is told once, what is answered is never altered, and while the store is
// there and nobody crashes a key is computed by one at a time.
TEST_F(SharedIdempotencyStoreTest, RandomSchedules) {
  const int seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE(seed);
  Random dice(static_cast<uint64_t>(seed));
  std::map<std::string, std::string> answers;
  SharedIdempotencyStore* const stores[] = {a.get(), b.get()};
  std::map<One*, SharedIdempotencyStore*> open;
  for (int i = 0; i < 20'000; ++i) {
    if (dice.Below(3) == 0) {
      SharedIdempotencyStore* const store = stores[dice.Below(2)];
      open[&Begin(*store, std::to_string(dice.Below(1'000)))] = store;
    }
    loop.Advance(std::chrono::microseconds(dice.Below(2'000)));
    std::set<std::string> computing;
    for (auto it = open.begin(); it != open.end();) {
      auto& [one, store] = *it;
      const std::string& key = one->ask.key;
      bool over = false;
      if (one->heard == "compute") {
        ASSERT_TRUE(computing.insert(key).second) << key;
        over = dice.Below(5) == 0;
        if (over && dice.Below(2) == 0) {
          ASSERT_FALSE(answers.contains(key)) << key;
          answers[key] = std::to_string(i);
          store->Complete(one->ask, Record(answers[key]));
        } else if (over) {
          store->Abandon(one->ask);
          computing.erase(key);
        }
      } else if (!one->heard.empty()) {
        ASSERT_EQ(one->heard, answers[key]);
        over = true;
      } else if (dice.Below(50) == 0) {
        store->Forget(one->ask);
        over = true;
      }
      it = over ? open.erase(it) : std::next(it);
    }
  }
  EXPECT_GT(answers.size(), 500u);
}

TEST(SharedValueTest, WhatIsNotOursIsAnError) {
  const std::string token(16, 't'), digest(32, 'x');
  using By = SharedRecords::Claimed::By;
  EXPECT_EQ(ReadSharedValue("r" + token + digest, token)->by, By::kUs);
  EXPECT_EQ(ReadSharedValue("r" + token + digest, std::string(16, 'u'))->by, By::kOther);
  const auto recorded = ReadSharedValue("d" + digest + "answer", token);
  EXPECT_EQ(recorded->by, By::kRecorded);
  EXPECT_EQ(recorded->digest, digest);
  EXPECT_EQ(*recorded->record, "answer");
  EXPECT_EQ(*ReadSharedValue("d" + digest, token)->record, "") << "a message without fields";
  for (const std::string& value : {std::string(), std::string("r"), "r" + token, "d" + token, "x" + token + digest}) {
    EXPECT_FALSE(ReadSharedValue(value, token).ok()) << value;
  }
}

}  // namespace
}  // namespace sluice
