#include "base/lifeline.h"

#include <gtest/gtest.h>

#include <new>
#include <optional>
#include <string>

#include "base/testing/fake_loop.h"

namespace sluice {
namespace {

struct Load {
  std::string text;
  std::shared_ptr<int> owned = std::make_shared<int>();
};

class LifelineTest : public ::testing::Test {
 protected:
  Task Trip(std::optional<Lifeline>& lifeline, std::weak_ptr<int>* owned = nullptr) {
    Load load{.text = "there"};
    if (owned != nullptr) *owned = load.owned;
    return lifeline->RoundTrip(
        loop_, std::move(load), [](Load& one) { one.text += " and back"; },
        [this](Load one) { seen_ = std::move(one.text); });
  }

  FakeLoop loop_;
  std::optional<Lifeline> lifeline_{std::in_place};
  std::string seen_;
};

TEST_F(LifelineTest, ATripComesBackOnTheLoop) {
  Trip(lifeline_)();
  EXPECT_EQ(seen_, "") << "not on the worker";
  loop_.Run();
  EXPECT_EQ(seen_, "there and back");
}

TEST_F(LifelineTest, WorkWithoutMemoryComesBackUndone) {
  lifeline_->RoundTrip(
      loop_, Load{.text = "undone"}, [](Load&) { throw std::bad_alloc(); },
      [this](Load one) { seen_ = std::move(one.text); })();
  loop_.Run();
  EXPECT_EQ(seen_, "undone");
}

TEST_F(LifelineTest, NobodyGetsWhatComesBackTooLate) {
  std::weak_ptr<int> owned;
  Task trip = Trip(lifeline_, &owned);
  lifeline_.reset();
  trip();
  EXPECT_FALSE(owned.expired()) << "the load ends on the loop";
  loop_.Run();
  EXPECT_EQ(seen_, "");
  EXPECT_TRUE(owned.expired());
}

TEST_F(LifelineTest, WhatIsBoundRunsWhileTheObjectLives) {
  int runs = 0;
  auto bound = lifeline_->Bind([&runs](int by) { runs += by; });
  bound(2);
  lifeline_.reset();
  bound(1);
  EXPECT_EQ(runs, 2);
}

}  // namespace
}  // namespace sluice
