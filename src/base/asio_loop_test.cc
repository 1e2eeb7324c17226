#include "base/asio_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "base/timer_heap.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

// Runs `f` on the loop and waits for it.
template <typename F>
void On(AsioLoop& loop, F f) {
  std::promise<void> done;
  loop.Post([&] {
    f();
    done.set_value();
  });
  done.get_future().wait();
}

TEST(TimerHeapTest, TimersComeByTimeThenByOrder) {
  TimerHeap heap;
  std::vector<int> ran;
  const TimePoint base{};
  heap.Add(base + milliseconds(2), [&] { ran.push_back(3); });
  heap.Add(base + milliseconds(1), [&] { ran.push_back(1); });
  heap.Add(base + milliseconds(1), [&] { ran.push_back(2); });
  Task task;
  while (heap.TakeDue(base + milliseconds(5), heap.next_order(), task)) task();
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(heap.Earliest(), kNever);
}

TEST(TimerHeapTest, ACancelledTimerIsGoneAndItsIdNeverHitsAnother) {
  TimerHeap heap;
  const Loop::TimerId old = heap.Add(TimePoint{}, [] {});
  EXPECT_TRUE(heap.Cancel(old));
  EXPECT_FALSE(heap.Cancel(old));
  EXPECT_FALSE(heap.Cancel(0));
  heap.Add(TimePoint{}, [] {});  // takes the same slot
  EXPECT_FALSE(heap.Cancel(old));
  EXPECT_EQ(heap.size(), 1u);
}

TEST(TimerHeapTest, RandomAddsAndCancelsKeepTheOrder) {
  const uint64_t seed = 7;
  SCOPED_TRACE(seed);
  Random random(seed);
  TimerHeap heap;
  std::vector<Loop::TimerId> ids;
  std::vector<int> alive;
  int ran = 0;
  for (int i = 0; i < 5000; ++i) {
    ids.push_back(heap.Add(TimePoint{} + milliseconds(random.Below(1000)), [&] { ++ran; }));
    if (random.Below(2) == 0) heap.Cancel(ids[random.Below(ids.size())]);
  }
  const int left = static_cast<int>(heap.size());
  TimePoint last{};
  Task task;
  while (heap.size() > 0) {
    const TimePoint next = heap.Earliest();
    EXPECT_GE(next, last);
    last = next;
    ASSERT_TRUE(heap.TakeDue(next, heap.next_order(), task));
    task();
  }
  EXPECT_EQ(ran, left);
}

TEST(AsioLoopTest, TasksFromManyThreadsAllRunOnTheLoop) {
  AsioLoop loop("test-loop");
  loop.Start();
  std::atomic<int> ran{0}, elsewhere{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        loop.Post([&] {
          if (!loop.InLoop()) ++elsewhere;
          ++ran;
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  On(loop, [] {});
  EXPECT_EQ(ran, 4000);
  EXPECT_EQ(elsewhere, 0);
}

TEST(AsioLoopTest, ATaskWithoutMemoryIsGivenUpAndTheNextRuns) {
  AsioLoop loop("test-loop");
  loop.Start();
  bool ran = false;
  On(loop, [&] {
    loop.Post([] { throw std::bad_alloc(); });
    loop.Post([&] { ran = true; });
    loop.At(loop.Now(), [] { throw std::bad_alloc(); });
  });
  On(loop, [] {});
  On(loop, [&] { EXPECT_TRUE(ran); });
}

TEST(AsioLoopTest, PostOnTheLoopRunsLaterNotInside) {
  AsioLoop loop("test-loop");
  loop.Start();
  std::string order;
  std::promise<void> done;
  loop.Post([&] {
    loop.Post([&] {
      order += 'b';
      done.set_value();
    });
    order += 'a';
  });
  done.get_future().wait();
  EXPECT_EQ(order, "ab");
}

TEST(AsioLoopTest, TimersRunInOrderOnceAndNotWhenCancelled) {
  AsioLoop loop("test-loop");
  loop.Start();
  std::string order;
  std::promise<void> done;
  On(loop, [&] {
    const TimePoint now = loop.Now();
    loop.At(now + milliseconds(20), [&] {
      order += 'b';
      done.set_value();
    });
    loop.At(now + milliseconds(5), [&] { order += 'a'; });
    loop.Cancel(loop.At(now + milliseconds(1), [&] { order += 'x'; }));
  });
  done.get_future().wait();
  EXPECT_EQ(order, "ab");
}

// How long work yields: with many timers of others it must, too.
TEST(AsioLoopTest, ATimerSetByATimerWaitsForTheNextTurn) {
  AsioLoop loop("test-loop");
  loop.Start();
  std::string ran;
  std::promise<void> done;
  std::function<void()> link = [&] {
    ran += 't';
    loop.Post([&] { ran += 'p'; });  // at the end of this turn
    loop.At(loop.Now(), [&] { ran.size() < 8 ? link() : done.set_value(); });
  };
  On(loop, [&] {
    for (int i = 0; i < 100; ++i) loop.At(loop.Now() + std::chrono::hours(1), [] {});
    loop.At(loop.Now(), link);
  });
  done.get_future().wait();
  loop.Stop();
  EXPECT_EQ(ran, "tptptptp");
}

// A thousand calls whose results came at once held all descriptors for 50 ms.
TEST(AsioLoopTest, ManyLongTasksTakeManyTurnsInOrder) {
  AsioLoop loop("test");
  std::promise<void> all_posted, done;
  std::vector<int> ran;
  std::vector<TimePoint> turns;
  const auto work = [&](int i) {
    const TimePoint begin = SystemClock().Now();
    while (SystemClock().Now() - begin < milliseconds(1)) {
    }
    ran.push_back(i);
    turns.push_back(loop.Now());
    if (ran.size() == 20) done.set_value();
  };
  loop.Start();
  loop.Post([&] { all_posted.get_future().wait(); });
  for (int i = 0; i < 10; ++i) {
    loop.Post([&, i] {
      work(i);
      loop.Post([&, i] { work(10 + i); });
    });
  }
  all_posted.set_value();
  done.get_future().wait();
  loop.Stop();
  const std::vector<TimePoint> remote = [&] {
    std::vector<TimePoint> at;
    for (size_t k = 0; k < ran.size(); ++k) {
      if (ran[k] < 10) at.push_back(turns[k]);
    }
    return at;
  }();
  for (size_t k = 1; k < remote.size(); ++k) EXPECT_GT(remote[k], remote[k - 1]) << k;
  int last_remote = -1, last_local = 9;
  for (const int i : ran) {
    int& last = i < 10 ? last_remote : last_local;
    EXPECT_EQ(i, last + 1);
    last = i;
  }
}

TEST(AsioLoopTest, NoLongTaskIsForgottenWhileOthersPost) {
  constexpr int kThreads = 3, kEach = 60;
  AsioLoop loop("test");
  loop.Start();
  std::promise<void> done;
  int ran = 0;
  const auto work = [&] {
    const TimePoint begin = SystemClock().Now();
    while (SystemClock().Now() - begin < std::chrono::microseconds(300)) {
    }
    if (++ran == 2 * kThreads * kEach) done.set_value();
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        loop.Post([&] {
          loop.Post(work);
          work();
        });
        std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done.get_future().wait();
}

TEST(AsioLoopTest, TasksPostedBeforeStopRun) {
  int ran = 0;
  {
    AsioLoop loop("test-loop");
    loop.Start();
    for (int i = 0; i < 100; ++i) loop.Post([&] { ++ran; });
  }
  EXPECT_EQ(ran, 100);
}

class Reader : public FdEvents {
 public:
  Reader(AsioLoop& loop, int fd) : fd_(fd), watch_(loop.Watch(fd, *this)) { watch_->WantRead(); }
  void OnReadable() override {
    char buffer[64];
    const ssize_t n = read(fd_, buffer, sizeof(buffer));
    if (n > 0) text.append(buffer, n);
    if (text.size() >= 6) {
      watch_.reset();  // inside its own event
      done.set_value();
    } else {
      watch_->WantRead();
    }
  }
  void OnWritable() override {}

  std::string text;
  std::promise<void> done;

 private:
  int fd_;
  std::unique_ptr<FdWatch> watch_;
};

TEST(AsioLoopTest, ItsTurnsOnTheCpuAreShort) {
  AsioLoop loop("short");
  loop.Start();
  std::string slice;
  On(loop, [&] {
    std::ifstream sched("/proc/thread-self/sched");
    for (std::string line; std::getline(sched, line);) {
      if (line.starts_with("se.slice")) slice = line.substr(line.rfind(' ') + 1);
    }
  });
  if (slice.empty()) GTEST_SKIP() << "Linux before 6.12, or without /proc/*/sched";
  EXPECT_EQ(slice, "100000");
}

TEST(AsioLoopTest, PostsTimersAndStopComeAlsoWhileItMayLag) {
  AsioLoop loop("lagging");
  loop.Start();
  On(loop, [&] { loop.MayLag(loop.Now() + std::chrono::hours(1)); });
  std::promise<void> rang;
  On(loop, [&] { loop.At(loop.Now() + milliseconds(3), [&] { rang.set_value(); }); });
  rang.get_future().wait();
  bool ran = false;
  loop.Post([&] { ran = true; });
  loop.Stop();
  EXPECT_TRUE(ran);
}

TEST(AsioLoopTest, TheLagEnds) {
  AsioLoop loop("lagging");
  loop.Start();
  for (int i = 0; i < 3; ++i) {
    On(loop, [&] { loop.MayLag(loop.Now() + milliseconds(2)); });
    std::promise<void> rang;
    On(loop, [&] { loop.At(loop.Now() + milliseconds(10), [&] { rang.set_value(); }); });
    rang.get_future().wait();
    On(loop, [] {});
  }
}

TEST(AsioLoopTest, AWatchTellsOfEveryArrival) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  AsioLoop loop("test-loop");
  loop.Start();
  std::unique_ptr<Reader> reader;
  On(loop, [&] { reader = std::make_unique<Reader>(loop, fds[0]); });
  ASSERT_EQ(write(fds[1], "abc", 3), 3);
  On(loop, [] {});
  ASSERT_EQ(write(fds[1], "def", 3), 3);
  reader->done.get_future().wait();
  EXPECT_EQ(reader->text, "abcdef");
  On(loop, [&] { reader.reset(); });
  close(fds[0]);
  close(fds[1]);
}

}  // namespace
}  // namespace sluice
