#include "engine/openvino/request_ledger.h"

#include "base/error.h"
#include "base/testing/fake_clock.h"
#include "engine/openvino/testing/graphs.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace graphs;  // NOLINT: the vocabulary of this test

class RequestLedgerTest : public ::testing::Test {
 protected:
  RequestLedgerTest() {
    const auto a = Input("a", ov::element::f32, {-1}), b = Input("b", ov::element::f32, {-1});
    ledger_ = std::make_unique<RequestLedger>(ShapeProof::Make(*Net(std::make_shared<op::Add>(a, b), {a, b}), 1 << 20),
                                              budget_);
  }
  absl::Status MayRun(size_t a, size_t b) {
    const std::vector<ov::Tensor> inputs = {Of({a}, std::vector<float>(a)), Of({b}, std::vector<float>(b))};
    ledger_->KeyOf(inputs, key_);
    return ledger_->MayRun(key_, inputs);
  }

  FakeClock clock_;
  RestoreBudget budget_{clock_};
  std::unique_ptr<RequestLedger> ledger_;
  std::string key_;
};

TEST_F(RequestLedgerTest, RefusesWhatCannotBeComputed) {
  EXPECT_TRUE(MayRun(2, 2).ok());
  const absl::Status refused = MayRun(2, 3);
  EXPECT_EQ(ReasonOf(refused), Reason::INVALID_REQUEST);
  EXPECT_EQ(refused.message(), "the inputs do not fit together: Add 'y' cannot be computed");
  EXPECT_EQ(MayRun(2, 3), refused);
}

TEST_F(RequestLedgerTest, RemembersWhatFailsAlways) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(MayRun(4, 4).ok()) << "memory may have been short";
    ledger_->Failed(key_);
  }
  EXPECT_EQ(ReasonOf(MayRun(4, 4)), Reason::MODEL_FAILED);
  EXPECT_TRUE(MayRun(5, 5).ok());
}

TEST_F(RequestLedgerTest, WhatMayFailWaitsWhileTheBudgetIsSpent) {
  ASSERT_TRUE(MayRun(4, 4).ok());
  ledger_->RanWell(key_);
  budget_.Spend(RestoreBudget::kStoreMax + std::chrono::seconds(1));
  EXPECT_TRUE(MayRun(4, 4).ok());
  EXPECT_EQ(ReasonOf(MayRun(5, 5)), Reason::OVERLOADED);
  EXPECT_EQ(ReasonOf(MayRun(5, 6)), Reason::INVALID_REQUEST);
  clock_.Advance(std::chrono::seconds(3));
  EXPECT_TRUE(MayRun(5, 5).ok());
}

TEST_F(RequestLedgerTest, KeepsSoManyKeysAndProvesOthersAnew) {
  for (size_t i = 1; i <= RequestLedger::kKeysMax + 10; ++i) {
    ASSERT_TRUE(MayRun(i % 100 + 1, i % 100 + 1).ok());
    ASSERT_FALSE(MayRun(2, i + 2).ok());
    ASSERT_TRUE(MayRun(1, 1).ok());
  }
}

TEST(RestoreBudget, IsSpentAndComesBack) {
  FakeClock clock;
  RestoreBudget budget(clock);
  EXPECT_TRUE(budget.left());
  for (int i = 0; i < 1000; ++i) budget.Spend(RestoreBudget::kFree);
  EXPECT_TRUE(budget.left());
  budget.Spend(RestoreBudget::kStoreMax + RestoreBudget::kFree);
  EXPECT_FALSE(budget.left());
  clock.Advance(std::chrono::milliseconds(10));
  EXPECT_TRUE(budget.left());
  clock.Advance(std::chrono::hours(1));
  budget.Spend(RestoreBudget::kStoreMax + RestoreBudget::kFree + std::chrono::milliseconds(1));
  EXPECT_FALSE(budget.left()) << "an idle hour stores no more than kStoreMax";
}

}  // namespace
}  // namespace sluice
