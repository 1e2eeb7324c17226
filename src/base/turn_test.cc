#include "base/turn.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <numeric>
#include <thread>

#include "base/asio_loop.h"
#include "base/exit_guard.h"
#include "base/log/log.h"

namespace sluice {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TurnTimesTest, CountsByBound) {
  TurnTimes times;
  for (const Duration time : {Duration(microseconds(3)), Duration(microseconds(10)), Duration(microseconds(11)),
                              Duration(seconds(9)), Duration(seconds(60))}) {
    times.Add(time);
  }
  const auto numbers = times.Get();
  EXPECT_EQ(numbers.counts[0], 2u);
  EXPECT_EQ(numbers.counts[1], 1u);
  EXPECT_EQ(numbers.counts[TurnTimes::kBounds.size() - 1], 1u);
  EXPECT_EQ(numbers.counts[TurnTimes::kBounds.size()], 1u);
  EXPECT_NEAR(numbers.seconds, 69.000024, 1e-9);
  EXPECT_TRUE(std::is_sorted(TurnTimes::kBounds.begin(), TurnTimes::kBounds.end()));
}

TEST(TurnTimesTest, ALoopMeasuresItsTurnsAndLogsALongOne) {
  testing::internal::CaptureStderr();
  AsioLoop loop("test");
  loop.Start();
  const auto run = [&loop](Duration time) {
    std::promise<void> done;
    loop.Post([&] {
      NameTurn("test.Method");
      const TimePoint end = SystemClock().Now() + time;
      while (SystemClock().Now() < end) std::this_thread::yield();
      done.set_value();
    });
    done.get_future().wait();
  };
  run(milliseconds(120));
  run(microseconds(1));
  run(milliseconds(120));  // one line per second is enough
  loop.Stop();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(log.find("loop.slow_turn"), log.rfind("loop.slow_turn")) << log;
  EXPECT_NE(log.find(R"("loop":"test")"), std::string::npos) << log;
  EXPECT_NE(log.find(R"("did":"posted tasks, test.Method")"), std::string::npos) << log;
  const auto numbers = loop.turns();
  EXPECT_GE(std::accumulate(numbers.counts.begin(), numbers.counts.end(), uint64_t{0}), 3u);
  EXPECT_GE(numbers.seconds, 0.24);
}

TEST(ExitGuardTest, EndsWhatDoesNotEnd) {
  EXPECT_EXIT(
      {
        ExitGuard guard(SystemClock().Now() + milliseconds(50));
        std::this_thread::sleep_for(seconds(60));
      },
      testing::ExitedWithCode(0), "server.stopped.*false");
}

TEST(ExitGuardTest, DoesNothingInTime) { ExitGuard guard(SystemClock().Now() + seconds(60)); }

}  // namespace
}  // namespace sluice
