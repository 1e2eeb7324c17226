#include "scheduler/core.h"

#include <algorithm>

#include "base/crowding.h"
#include "base/error.h"
#include "base/short_deadline.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct TestWork final : Work {
  explicit TestWork(int n) : number(n) {}
  void Dropped(absl::Status why) override {}
  int number;
};

class CoreTest : public ::testing::Test {
 protected:
  explicit CoreTest(Weights weights = {}) : core_(2, std::move(weights)) {}
  QueueId AddQueue(size_t max_items = 100, size_t max_batch = 1) {
    return core_.AddQueue({.name = "q", .max_items = max_items, .max_batch = max_batch});
  }
  absl::StatusOr<Ticket> Offer(QueueId queue, int number, Duration time_left, int priority = 0, uint64_t group = 0) {
    return OfferBy(kAlice, queue, number, time_left, priority, group);
  }
  absl::StatusOr<Ticket> OfferBy(Principal principal, QueueId queue, int number, Duration time_left = seconds(10),
                                 int priority = 0, uint64_t group = 0) {
    auto work = std::make_unique<TestWork>(number);
    work->principal = principal;
    work->deadline = now_ + time_left;
    work->priority = priority;
    work->group = group;
    return core_.Offer(queue, std::move(work), now_);
  }
  absl::StatusOr<Ticket> OfferOf(WorkClass work_class, QueueId queue, int number, Duration time_left = seconds(10)) {
    auto work = std::make_unique<TestWork>(number);
    work->principal = kAlice;
    work->work_class = work_class;
    work->deadline = now_ + time_left;
    return core_.Offer(queue, std::move(work), now_);
  }
  // The numbers of the next batch for `worker`.
  std::vector<int> Take(int worker = 0) {
    batch_ = core_.Take(worker, now_);
    return NumbersOf(batch_);
  }
  static std::vector<int> NumbersOf(const Batch& batch) {
    std::vector<int> numbers;
    for (const auto& work : batch.works) numbers.push_back(static_cast<TestWork&>(*work).number);
    return numbers;
  }
  // Teaches the queue that an item takes `time`.
  void Measure(QueueId queue, Duration time) {
    ASSERT_TRUE(Offer(queue, 0, seconds(100)).ok());
    ASSERT_FALSE(Take().empty());
    core_.Done(batch_, time);
  }

  // What one worker runs, one after the other, each taking `time`.
  std::vector<int> RunAll(Duration time) {
    std::vector<int> order;
    while (order.size() < 1000 && !Take().empty()) {
      for (const int number : NumbersOf(batch_)) order.push_back(number);
      core_.Done(batch_, time);
      now_ += time;
    }
    return order;
  }
  Duration ServiceTime() { return core_.Stats(now_).at(0).service_time; }

  static constexpr Principal kAlice = 1, kBob = 2;
  TimePoint now_ = TimePoint{} + seconds(1000);
  SchedulerCore core_;
  Batch batch_;
};

using Numbers = std::vector<int>;

TEST_F(CoreTest, EarliestDeadlineThenPriorityThenArrivalAcrossQueues) {
  const QueueId a = AddQueue(), b = AddQueue();
  ASSERT_TRUE(Offer(a, 1, milliseconds(50)).ok());
  ASSERT_TRUE(Offer(b, 2, milliseconds(30)).ok());
  ASSERT_TRUE(Offer(a, 3, milliseconds(50), /*priority=*/1).ok());
  ASSERT_TRUE(Offer(b, 4, milliseconds(50)).ok());
  EXPECT_EQ(RunAll(milliseconds(1)), Numbers({2, 3, 1, 4}));
  EXPECT_FALSE(core_.Take(0, now_));
}

TEST_F(CoreTest, WhatHasWaitedIsOvertakenOnlyByWhatCameSoonAfter) {
  const QueueId queue = AddQueue();
  ASSERT_TRUE(Offer(queue, 1, seconds(10)).ok());
  now_ += milliseconds(200);
  ASSERT_TRUE(Offer(queue, 2, milliseconds(30)).ok());
  now_ += milliseconds(25);
  ASSERT_TRUE(Offer(queue, 3, milliseconds(30)).ok());
  EXPECT_EQ(RunAll(milliseconds(1)), Numbers({2, 1, 3}));
}

TEST_F(CoreTest, PrincipalsTakeTurnsWhateverTheirDeadlinesAndNumbers) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(10));
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(OfferBy(kAlice, queue, i, milliseconds(200), /*priority=*/9).ok());
  for (int i = 10; i < 13; ++i) ASSERT_TRUE(OfferBy(kBob, queue, i).ok());
  // Alice ran before, so Bob begins; that he was away meanwhile earns him nothing more.
  EXPECT_EQ(RunAll(milliseconds(10)), Numbers({10, 0, 11, 1, 12, 2, 3, 4, 5}));
}

TEST_F(CoreTest, TurnsAreByTimeNotByNumber) {
  const QueueId slow = AddQueue(), fast = AddQueue();
  Measure(slow, milliseconds(40));
  Measure(fast, milliseconds(10));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(OfferBy(kAlice, slow, i).ok());
  for (int i = 10; i < 20; ++i) ASSERT_TRUE(OfferBy(kBob, fast, i).ok());
  Duration alice{}, bob{};
  while (!Take().empty()) {
    const Duration time = milliseconds(batch_.queue == slow ? 40 : 10);
    (batch_.queue == slow ? alice : bob) += time;
    core_.Done(batch_, time);
    if (alice < milliseconds(120) && bob < milliseconds(100)) {
      EXPECT_LE(std::max(alice, bob) - std::min(alice, bob), milliseconds(40));
    }
  }
}

class WeightedCoreTest : public CoreTest {
 protected:
  WeightedCoreTest() : CoreTest(Weights({{kBob, 3}})) {}
};

TEST_F(WeightedCoreTest, AClientOfWeightThreeIsGivenThreeTimesAsMuch) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(10));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(OfferBy(kAlice, queue, i).ok());
  for (int i = 100; i < 140; ++i) ASSERT_TRUE(OfferBy(kBob, queue, i).ok());
  const Numbers order = RunAll(milliseconds(10));
  const auto bobs = std::count_if(order.begin(), order.begin() + 40, [](int number) { return number >= 100; });
  EXPECT_GE(bobs, 29);
  EXPECT_LE(bobs, 31);
}

TEST_F(WeightedCoreTest, ItsTurnIsPredictedByItsWeight) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(10));
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(OfferBy(kAlice, queue, i).ok());
  for (int i = 100; i < 112; ++i) ASSERT_TRUE(OfferBy(kBob, queue, i).ok());
  EXPECT_EQ(Take(0).size(), 1u);  // both workers are busy
  Batch other = core_.Take(1, now_);
  const auto wait = [&](Principal who) {
    return core_.PredictedWait({.queue = queue, .principal = who, .deadline = now_ + seconds(20)}, now_);
  };
  // Of 22 that wait and two that run, on two workers. Bob's next comes after his own and a third as many of Alice's.
  EXPECT_NEAR(ToMs(wait(kBob)), 10.0 / 2 * (2 + 11 + 4), 11);
  EXPECT_NEAR(ToMs(wait(kAlice)), 10.0 / 2 * (2 + 22), 11);
  core_.Done(other, milliseconds(10));
  core_.Done(batch_, milliseconds(10));
}

TEST_F(CoreTest, WhatTookLongerThanPredictedIsPaidFor) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(10));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(OfferBy(kAlice, queue, i).ok());
  for (int i = 10; i < 13; ++i) ASSERT_TRUE(OfferBy(kBob, queue, i).ok());
  ASSERT_EQ(Take(), Numbers({10}));
  core_.Done(batch_, milliseconds(35));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Take(), Numbers({i}));
    core_.Done(batch_, milliseconds(10));
  }
}

TEST_F(CoreTest, NewcomersDoNotStarveWhoHadMore) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(10));
  ASSERT_TRUE(OfferBy(kAlice, queue, 1).ok());
  ASSERT_EQ(Take(), Numbers({1}));
  ASSERT_TRUE(OfferBy(kAlice, queue, 2).ok());
  core_.Done(batch_, milliseconds(100));  // a long one
  int newcomers = 0;
  for (;; ++newcomers) {
    ASSERT_TRUE(OfferBy(100 + newcomers, queue, 1000 + newcomers).ok());
    if (Take() == Numbers({2})) break;
    core_.Done(batch_, milliseconds(10));
    ASSERT_LT(newcomers, 50);
  }
  EXPECT_GT(newcomers, 0);
}

TEST_F(CoreTest, AFloodLeavesRoomInTheQueue) {
  const QueueId queue = AddQueue(/*max_items=*/20);
  int taken = 0;
  absl::StatusOr<Ticket> refused;
  while ((refused = OfferBy(kAlice, queue, taken)).ok()) ++taken;
  EXPECT_EQ(taken, 15);
  EXPECT_EQ(ReasonOf(refused.status()), Reason::OVERLOADED);
  EXPECT_TRUE(OfferBy(kBob, queue, 1).ok());
}

TEST_F(CoreTest, AClientIsJudgedByItsOwnFloodNotByThatOfOthers) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(100));
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(OfferBy(kAlice, queue, i).ok());
  EXPECT_EQ(ReasonOf(OfferBy(kAlice, queue, 60, seconds(2)).status()), Reason::OVERLOADED);
  EXPECT_LE(core_.PredictedWait({.queue = queue, .principal = kBob, .deadline = now_ + seconds(1)}, now_),
            milliseconds(100));
  EXPECT_TRUE(OfferBy(kBob, queue, 61, milliseconds(300)).ok());
  EXPECT_EQ(core_.Backlog(now_), milliseconds(61 * 50));
  // Each of Bob's waits for one of Alice's.
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(OfferBy(kBob, queue, 70 + i).ok());
  const Duration wait = core_.PredictedWait({.queue = queue, .principal = kBob, .deadline = now_ + seconds(9)}, now_);
  EXPECT_GE(wait, milliseconds(950) - SchedulerCore::kRefusalCost) << "Alice paid for her refusal";
  EXPECT_LE(wait, milliseconds(1050));
}

TEST_F(CoreTest, ManyPrincipalsArePredictedAsAWhole) {
  const QueueId queue = AddQueue(/*max_items=*/10'000);
  Measure(queue, milliseconds(1));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(OfferBy(10 + i, queue, i).ok());
  ASSERT_TRUE(OfferBy(kBob, queue, 1).ok());
  const Duration wait = core_.PredictedWait({.queue = queue, .principal = kBob, .deadline = now_ + seconds(9)}, now_);
  EXPECT_GE(wait, milliseconds(400));
  EXPECT_LE(wait, milliseconds(600));
}

TEST_F(CoreTest, ABatchIsSharedInTurns) {
  const QueueId queue = AddQueue(100, /*max_batch=*/6);
  Measure(queue, milliseconds(1));
  ASSERT_TRUE(Offer(queue, 0, seconds(1)).ok());
  const Batch other = core_.Take(1, now_);  // an idle worker would get its share
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(OfferBy(kAlice, queue, i, milliseconds(100)).ok());
  for (int i = 30; i < 32; ++i) ASSERT_TRUE(OfferBy(kBob, queue, i).ok());
  ASSERT_TRUE(OfferBy(3, queue, 40).ok());
  Numbers first = Take();
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, Numbers({0, 1, 2, 30, 31, 40}));
}

TEST_F(CoreTest, RunningWorkIsStoppedWhenNobodyWaitsForAnyOfItsBatch) {
  const QueueId queue = AddQueue(100, /*max_batch=*/2);
  Measure(queue, milliseconds(4));
  ASSERT_TRUE(Offer(queue, 0, seconds(1)).ok());
  const Batch other = core_.Take(1, now_);
  const Ticket first = *Offer(queue, 1, seconds(1)), second = *Offer(queue, 2, seconds(1));
  ASSERT_EQ(Take(), Numbers({1, 2}));
  EXPECT_EQ(core_.Stop(first), -1);
  EXPECT_EQ(core_.Stop(first), -1) << "once is enough";
  EXPECT_EQ(core_.Stop(second), 0);
  core_.Done(batch_, Duration::zero());
  EXPECT_EQ(ServiceTime(), milliseconds(4)) << "what was cut short teaches nothing";
  EXPECT_EQ(core_.Stop(second), -1);
}

TEST_F(CoreTest, FullQueueRefusesWithRetryAfterAndLeavesTheWork) {
  const QueueId queue = AddQueue(/*max_items=*/2);
  ASSERT_TRUE(Offer(queue, 1, seconds(5)).ok());
  ASSERT_TRUE(Offer(queue, 2, seconds(5)).ok());
  std::unique_ptr<Work> work = std::make_unique<TestWork>(3);
  const auto ticket = core_.Offer(queue, std::move(work), now_);
  EXPECT_EQ(ReasonOf(ticket.status()), Reason::OVERLOADED);
  EXPECT_TRUE(RetryAfterOf(ticket.status()).has_value());
  EXPECT_NE(work, nullptr);
  EXPECT_EQ(core_.waiting(), 2u);
}

TEST_F(CoreTest, RetryAfterFollowsTheMeasuredTime) {
  const QueueId queue = AddQueue(/*max_items=*/20);
  Measure(queue, milliseconds(200));
  for (int i = 0; i < 15; ++i) ASSERT_TRUE(Offer(queue, i, seconds(100)).ok());
  const auto refused = Offer(queue, 99, seconds(100));
  EXPECT_EQ(ReasonOf(refused.status()), Reason::OVERLOADED);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(*RetryAfterOf(refused.status())), 15 * 200 / 2.0, 1);
}

TEST_F(CoreTest, HopelessWorkIsRefusedAtOnce) {
  const QueueId queue = AddQueue();
  EXPECT_EQ(ReasonOf(Offer(queue, 1, seconds(0)).status()), Reason::DEADLINE_EXCEEDED);
  Measure(queue, milliseconds(100));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Offer(queue, i, seconds(5)).ok());
  // 10 × 100 ms wait before it on two workers, and up to 200 ms of its own.
  EXPECT_TRUE(Offer(queue, 11, milliseconds(701)).ok());
  const auto late = Offer(queue, 12, milliseconds(701));
  EXPECT_EQ(ReasonOf(late.status()), Reason::OVERLOADED);  // the queue's fault: elsewhere it may be in time
  EXPECT_TRUE(RetryAfterOf(late.status()).has_value());
  const absl::Status hopeless = Offer(queue, 13, milliseconds(99)).status();
  EXPECT_EQ(ReasonOf(hopeless), Reason::DEADLINE_EXCEEDED);
  EXPECT_FALSE(HadShortDeadline(hopeless)) << "the model has promised nothing";
}

TEST_F(CoreTest, ADeadlineBelowHalfOfTheSloIsTheClientsMistake) {
  const QueueId queue = core_.AddQueue({.max_items = 100, .max_batch = 1, .slo = milliseconds(300)});
  Measure(queue, milliseconds(200));
  ASSERT_TRUE(Offer(queue, 0, seconds(5)).ok());
  EXPECT_TRUE(HadShortDeadline(Offer(queue, 1, milliseconds(149)).status()));
  EXPECT_FALSE(HadShortDeadline(Offer(queue, 2, milliseconds(151)).status())) << "a slow model is not";
  // Before its body is read, too.
  ASSERT_TRUE(Offer(queue, 3, seconds(5)).ok());
  for (const int worker : {0, 1}) ASSERT_FALSE(Take(worker).empty());
  const auto judged = [this](Duration left) {
    return core_.Judge({.principal = kAlice, .deadline = now_ + left}, now_);
  };
  EXPECT_TRUE(HadShortDeadline(judged(milliseconds(149))));
  EXPECT_EQ(ReasonOf(judged(milliseconds(151))), Reason::OVERLOADED);
  EXPECT_FALSE(HadShortDeadline(judged(milliseconds(151))));
}

TEST_F(CoreTest, UrgentWorkIsJudgedByWhatIsMoreUrgent) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(100));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Offer(queue, i, seconds(5)).ok());
  EXPECT_EQ(core_.PredictedWait({.queue = queue, .principal = kAlice, .deadline = now_ + seconds(6)}, now_),
            milliseconds(500));
  EXPECT_EQ(core_.PredictedWait({.queue = queue, .principal = kAlice, .deadline = now_ + milliseconds(200)}, now_),
            milliseconds(0));
  EXPECT_TRUE(Offer(queue, 11, milliseconds(140)).ok());
  EXPECT_EQ(ReasonOf(Offer(queue, 12, milliseconds(145)).status()), Reason::OVERLOADED);
  EXPECT_EQ(Take(), Numbers({11}));
}

TEST_F(CoreTest, APredictionGoneWrongHealsBecauseTheOnlyItemIsAdmitted) {
  const QueueId queue = AddQueue();
  Measure(queue, seconds(30));
  for (int i = 0; i < 100 && ServiceTime() > milliseconds(20); ++i) {
    ASSERT_TRUE(Offer(queue, i, seconds(1)).ok());
    ASSERT_FALSE(Take().empty());
    core_.Done(batch_, milliseconds(2));
  }
  EXPECT_LE(ServiceTime(), milliseconds(20));
}

TEST_F(CoreTest, BatchesWhatWaitsUpToItsBounds) {
  const QueueId queue = AddQueue(100, /*max_batch=*/4);
  // Keep the other worker busy: an idle one would get its share.
  ASSERT_TRUE(Offer(queue, 0, seconds(1)).ok());
  const Batch other = core_.Take(1, now_);
  for (int i = 1; i <= 6; ++i) ASSERT_TRUE(Offer(queue, i, seconds(5)).ok());
  EXPECT_EQ(Take(), Numbers({1, 2, 3, 4}));
  core_.Done(batch_, milliseconds(24));  // 6 ms each: two would be 12 ms
  EXPECT_EQ(Take(), Numbers({5}));
}

TEST_F(CoreTest, AnIdleWorkerGetsItsShare) {
  const QueueId queue = AddQueue(100, /*max_batch=*/16);
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(Offer(queue, i, seconds(5)).ok());
  EXPECT_EQ(Take(0), Numbers({1, 2, 3}));
  EXPECT_EQ(Take(1), Numbers({4, 5}));
}

TEST_F(CoreTest, OnlyOneGroupSharesABatch) {
  const QueueId queue = AddQueue(100, /*max_batch=*/8);
  ASSERT_TRUE(Offer(queue, 0, seconds(1)).ok());
  const Batch other = core_.Take(1, now_);
  for (int i = 1; i <= 4; ++i) ASSERT_TRUE(Offer(queue, i, seconds(5), 0, /*group=*/i % 2).ok());
  EXPECT_EQ(Take(), Numbers({1, 3}));
  core_.Done(batch_, milliseconds(1));
  EXPECT_EQ(Take(), Numbers({2, 4}));
}

TEST_F(CoreTest, LiveWorkGoesBeforeBatchWorkAndThatBeforeBackgroundWork) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(4));
  ASSERT_TRUE(OfferOf(WorkClass::kBackground, queue, 1).ok());
  ASSERT_TRUE(OfferOf(WorkClass::kBatch, queue, 2).ok());
  ASSERT_TRUE(OfferOf(WorkClass::kLive, queue, 3).ok());
  EXPECT_EQ(RunAll(milliseconds(4)), Numbers({3, 2, 1}));
}

TEST_F(CoreTest, ABatchFloodCostsLiveWorkNothingButOneTurn) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(10));
  for (int i = 0; i < 70; ++i) ASSERT_TRUE(OfferOf(WorkClass::kBatch, queue, i).ok());
  EXPECT_EQ(core_.PredictedWait({.queue = queue, .principal = kAlice}, now_), milliseconds(0));
  EXPECT_TRUE(OfferOf(WorkClass::kLive, queue, 100, milliseconds(25)).ok());
  EXPECT_GE(core_.PredictedWait({.queue = queue, .work_class = WorkClass::kBackground, .principal = kBob}, now_),
            milliseconds(350));
  EXPECT_EQ(Take(), Numbers({100}));
}

TEST_F(CoreTest, LiveWorkIsRefusedAboveTheModelsSloAndBatchWorkIsNot) {
  const QueueId queue = core_.AddQueue({.name = "q", .slo = milliseconds(100)});
  Measure(queue, milliseconds(10));
  int taken = 0;
  absl::StatusOr<Ticket> refused;
  while ((refused = Offer(queue, taken, seconds(10))).ok()) ++taken;
  // 10 ms each on two workers, and twice 10 ms for its own until more is known.
  EXPECT_EQ(taken, 17);
  EXPECT_EQ(ReasonOf(refused.status()), Reason::OVERLOADED);
  EXPECT_NE(refused.status().message().find("100 ms"), std::string_view::npos);
  EXPECT_TRUE(OfferOf(WorkClass::kBatch, queue, 1).ok());
  EXPECT_EQ(core_.sheds().by_class[0][static_cast<size_t>(ShedRule::kSlo)], 1u);
}

TEST_F(CoreTest, AModelThatIsSlowerThanItsSloServesOneAfterTheOther) {
  const QueueId queue = core_.AddQueue({.name = "q", .slo = milliseconds(100)});
  Measure(queue, milliseconds(150));
  int taken = 0;
  while (Offer(queue, taken, seconds(10)).ok()) ++taken;
  EXPECT_EQ(taken, 2);  // a wait of 75 ms, then one of 150
}

TEST_F(CoreTest, NothingIsJudgedWhenThatIsTurnedOff) {
  const QueueId queue = core_.AddQueue({.name = "q", .max_items = 40, .judges_time = false, .slo = milliseconds(100)});
  Measure(queue, milliseconds(100));
  int taken = 0;
  while (Offer(queue, taken, milliseconds(50)).ok()) ++taken;
  EXPECT_EQ(taken, 30) << "three quarters of the queue are this client's";
}

TEST_F(CoreTest, ANewcomerOfWhomNoMoreIsKnownIsJudgedByWhatGoesBeforeIt) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(100));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Offer(queue, i, seconds(5)).ok());
  const auto judge = [this](Principal who, WorkClass work_class, Duration left) {
    return core_.Judge({.work_class = work_class, .principal = who, .deadline = now_ + left}, now_);
  };
  // 500 ms before it, and up to 200 ms of its own, as of what came lately.
  EXPECT_TRUE(judge(kAlice, WorkClass::kLive, milliseconds(701)).ok());
  EXPECT_FALSE(judge(kAlice, WorkClass::kLive, milliseconds(699)).ok());
  EXPECT_TRUE(judge(kBob, WorkClass::kLive, milliseconds(300)).ok());
  EXPECT_TRUE(judge(kBob, WorkClass::kLive, milliseconds(0)).ok()) << "the deadline's own layer says so";
  const absl::Status late = judge(kBob, WorkClass::kBatch, milliseconds(499));
  EXPECT_EQ(ReasonOf(late), Reason::OVERLOADED);
  EXPECT_TRUE(RetryAfterOf(late).has_value());
  EXPECT_EQ(core_.sheds().by_class[1][static_cast<size_t>(ShedRule::kEarly)], 1u);
}

TEST_F(CoreTest, WhoFillsTheQueueCrowdsOthersOnlyWhileTheyCome) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(100));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Offer(queue, i, seconds(5)).ok());
  const auto crowds = [this](Principal who) {
    const absl::Status verdict = core_.Judge({.principal = who, .deadline = now_ + milliseconds(400)}, now_);
    EXPECT_EQ(verdict.ok(), who == kBob);
    return IsCrowding(verdict);
  };
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(crowds(kAlice)) << "nobody else came";
  EXPECT_FALSE(crowds(kBob)) << "he is in time";
  EXPECT_TRUE(crowds(kAlice));
  now_ += milliseconds(1001);
  EXPECT_FALSE(crowds(kAlice)) << "the other came too long ago";
}

TEST_F(CoreTest, WhoCrowdsOthersIsToldSoByTheQueueToo) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(100));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Offer(queue, i, seconds(5)).ok());
  const auto crowds = [&](int id, Principal who) {
    const absl::Status refusal = OfferBy(who, queue, id, milliseconds(400)).status();
    EXPECT_EQ(refusal.ok(), who == kBob);
    return IsCrowding(refusal);
  };
  for (int i = 100; i < 200; ++i) EXPECT_FALSE(crowds(i, kAlice)) << "nobody else came";
  EXPECT_FALSE(crowds(200, kBob));
  EXPECT_TRUE(crowds(201, kAlice));
}

TEST_F(CoreTest, RefusalsAreFollowedUp) {
  const QueueId queue = AddQueue();
  Measure(queue, milliseconds(100));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Offer(queue, i, seconds(5)).ok());
  ASSERT_FALSE(Offer(queue, 11, milliseconds(610)).ok());
  RunAll(milliseconds(20));  // far less than predicted: it would have been in time
  EXPECT_EQ(core_.sheds().followed, 1u);
  EXPECT_EQ(core_.sheds().wrong, 1u);
}

TEST_F(CoreTest, ExpireTakesOutWhatIsLateAndNothingElse) {
  const QueueId queue = AddQueue();
  EXPECT_EQ(core_.NextWake(), kNever);
  ASSERT_TRUE(Offer(queue, 1, milliseconds(10)).ok());
  ASSERT_TRUE(Offer(queue, 2, milliseconds(20)).ok());
  EXPECT_EQ(core_.NextWake(), now_ + milliseconds(10));
  EXPECT_TRUE(core_.Expire(now_ + milliseconds(9)).empty());
  const DropList dropped = core_.Expire(now_ + milliseconds(10));
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(ReasonOf(dropped[0].why), Reason::DEADLINE_EXCEEDED);
  EXPECT_EQ(Take(), Numbers({2}));
}

TEST_F(CoreTest, CancelReachesWaitingWorkOnly) {
  const QueueId queue = AddQueue();
  const Ticket first = *Offer(queue, 1, seconds(1));
  const Ticket second = *Offer(queue, 2, seconds(2));
  EXPECT_NE(core_.Cancel(second), nullptr);
  EXPECT_EQ(core_.Cancel(second), nullptr);
  EXPECT_EQ(Take(), Numbers({1}));
  EXPECT_EQ(core_.Cancel(first), nullptr);
  EXPECT_EQ(core_.Cancel(12345), nullptr);
}

TEST_F(CoreTest, RemovedQueueDropsItsWorkAndTakesItsRunningBatchBack) {
  const QueueId queue = AddQueue();
  ASSERT_TRUE(Offer(queue, 1, seconds(1)).ok());
  ASSERT_TRUE(Offer(queue, 2, seconds(2)).ok());
  EXPECT_EQ(Take(), Numbers({1}));
  const DropList dropped = core_.RemoveQueue(queue);
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(ReasonOf(dropped[0].why), Reason::MODEL_UNAVAILABLE);
  EXPECT_EQ(ReasonOf(Offer(queue, 3, seconds(1)).status()), Reason::MODEL_UNAVAILABLE);
  core_.Done(batch_, milliseconds(1));
  EXPECT_EQ(core_.idle_workers(), 2);
}

TEST_F(CoreTest, ShutdownDropsWhatWaitsAndRefusesTheRest) {
  const QueueId queue = AddQueue();
  ASSERT_TRUE(Offer(queue, 1, seconds(1)).ok());
  const DropList dropped = core_.Shutdown();
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(ReasonOf(dropped[0].why), Reason::SHUTTING_DOWN);
  EXPECT_EQ(ReasonOf(Offer(queue, 2, seconds(1)).status()), Reason::SHUTTING_DOWN);
}

TEST_F(CoreTest, WorkWithoutADeadlineGetsOne) {
  const QueueId queue = AddQueue();
  auto work = std::make_unique<TestWork>(1);
  ASSERT_TRUE(core_.Offer(queue, std::move(work), now_).ok());
  EXPECT_EQ(core_.NextWake(), now_ + SchedulerCore::kLongestWait);
}

TEST_F(CoreTest, StatsCountEveryEnding) {
  const QueueId queue = AddQueue(/*max_items=*/3);
  for (int i = 0; i < 4; ++i) (void)Offer(queue, i, seconds(1 + i));
  ASSERT_EQ(Take(), Numbers({0}));
  core_.Done(batch_, milliseconds(4));
  core_.Expire(now_ + seconds(2));
  const QueueStats stats = core_.Stats(now_).at(0);
  EXPECT_EQ(stats.offered, 3u);
  EXPECT_EQ(stats.refused, 1u);
  EXPECT_EQ(stats.done, 1u);
  EXPECT_EQ(stats.expired, 1u);
  EXPECT_EQ(stats.depth, 1u);
  EXPECT_EQ(stats.busy, milliseconds(4));
  EXPECT_EQ(stats.service_time, milliseconds(4));
}

}  // namespace
}  // namespace sluice
