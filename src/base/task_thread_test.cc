#include "base/task_thread.h"

#include <future>
#include <vector>

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(TaskThread, RunsTasksInOrderOnItsOwnThread) {
  TaskThread thread("test", 0);
  std::vector<int> ran;
  std::promise<std::thread::id> done;
  for (int i = 0; i < 3; ++i) thread.Post([&ran, i] { ran.push_back(i); });
  thread.Post([&done] { done.set_value(std::this_thread::get_id()); });
  EXPECT_NE(done.get_future().get(), std::this_thread::get_id());
  EXPECT_EQ(ran, (std::vector<int>{0, 1, 2}));
}

TEST(TaskThread, StopEndsTheRunningTaskAndDropsTheRest) {
  const auto waiting = std::make_shared<int>(1), late = std::make_shared<int>(1);
  std::promise<void> entered, leave;
  bool ended = false;
  TaskThread thread("test", 0);
  thread.Post([&] {
    entered.set_value();
    leave.get_future().wait();
    ended = true;
  });
  thread.Post([waiting] {});
  entered.get_future().wait();
  leave.set_value();
  thread.Stop();
  EXPECT_TRUE(ended);
  EXPECT_EQ(waiting.use_count(), 1) << "destroyed, run or not";
  thread.Post([late] {});
  EXPECT_EQ(late.use_count(), 1);
}

}  // namespace
}  // namespace sluice
