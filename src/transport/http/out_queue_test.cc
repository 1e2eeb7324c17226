#include "transport/http/out_queue.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

std::string Gathered(const OutQueue& queue, size_t* entries = nullptr) {
  iovec out[4];
  const size_t n = queue.Gather(out);
  if (entries != nullptr) *entries = n;
  std::string text;
  for (size_t i = 0; i < n; ++i) text.append(static_cast<const char*>(out[i].iov_base), out[i].iov_len);
  return text;
}

struct OutQueueTest : testing::Test {
  Budget budget{1 << 20, 1};
  BudgetTab tab{budget};
  OutQueue queue{tab};
};

TEST_F(OutQueueTest, SmallPiecesAreJoinedAndLargeOnesAreNotCopied) {
  std::string large(5000, 'x');
  const auto place = reinterpret_cast<uintptr_t>(large.data());
  queue.Append(std::string_view("ab"));
  queue.Append(std::string_view("cd"));
  queue.Append(std::move(large));
  queue.Append(std::string_view("ef"));
  iovec out[4];
  ASSERT_EQ(queue.Gather(out), 3u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(out[1].iov_base), place);
  EXPECT_EQ(queue.size(), 5006u);
}

TEST_F(OutQueueTest, ALargeStringIsChargedUntilItsLastByteLeft) {
  queue.Append(std::string(100'000, 'x'));
  queue.Append(std::string_view("end"));
  queue.Consume(99'999);
  EXPECT_GE(tab.held(), 100'003u);
  queue.Consume(1);
  EXPECT_EQ(tab.held(), 3u);
  queue.Append(std::string(50'000, 'x'));
  queue.Clear();
  EXPECT_EQ(tab.held(), 0u);
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST_F(OutQueueTest, WhatWasGatheredStaysWhileMoreComes) {
  queue.Append(std::string_view("abc"));
  iovec out[2];
  ASSERT_EQ(queue.Gather(out), 1u);
  queue.Append(std::string(1000, 'x'));
  EXPECT_EQ(std::string_view(static_cast<char*>(out[0].iov_base), 3), "abc");
  queue.Consume(2);
  EXPECT_EQ(Gathered(queue).substr(0, 3), "cxx");
  queue.Consume(1001);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(Gathered(queue), "");
}

}  // namespace
}  // namespace sluice::http
