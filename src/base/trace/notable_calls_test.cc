#include "base/trace/notable_calls.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

CallRecordPtr Record(std::string id, size_t message = 0) {
  auto record = std::make_shared<CallRecord>();
  record->request_id = std::move(id);
  record->message = std::string(message, 'x');
  return record;
}

TEST(NotableCallsTest, TheLatestOfAnIdComesFirst) {
  NotableCalls calls;
  calls.Offer(Record("a"));
  calls.Offer(Record("b"));
  const auto again = Record("a");
  calls.Offer(again);
  const auto found = calls.Find("a");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], again);
  EXPECT_EQ(calls.Find("a", 1).size(), 1u);
  EXPECT_TRUE(calls.Find("c").empty());
  EXPECT_EQ(calls.Latest(2)[1]->request_id, "b");
}

TEST(NotableCallsTest, ATraceIdFindsItsCalls) {
  NotableCalls calls;
  auto record = std::make_shared<CallRecord>();
  record->trace.trace_low = 0xab;
  calls.Offer(record);
  EXPECT_EQ(calls.Find("00000000000000ab").size(), 1u);
}

TEST(NotableCallsTest, BoundedInNumberAndBytes) {
  NotableCalls few({.calls_max = 3});
  for (int i = 0; i < 10; ++i) few.Offer(Record(std::to_string(i)));
  EXPECT_EQ(few.size(), 3u);
  EXPECT_TRUE(few.Find("6").empty());
  EXPECT_EQ(few.Find("7").size(), 1u);
  NotableCalls small({.bytes_max = 100'000});
  for (int i = 0; i < 1000; ++i) small.Offer(Record(std::to_string(i), 10'000));
  EXPECT_LE(small.bytes(), 100'000u);
  EXPECT_GE(small.size(), 5u);
  EXPECT_EQ(small.Find("999").size(), 1u);
}

}  // namespace
}  // namespace sluice
