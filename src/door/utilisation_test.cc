#include "door/utilisation.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

QueueStats Queue(QueueId id, Duration busy) {
  QueueStats stats;
  stats.id = id;
  stats.busy = busy;
  return stats;
}

TEST(Utilisation, NothingBeforeTwoSamples) {
  Utilisation use;
  EXPECT_EQ(use.OfQueue(1), 0);
  EXPECT_EQ(use.OfWorker(0), 0);
  use.Sample(TimePoint(seconds(1)), {Queue(1, seconds(1))}, {seconds(1)});
  EXPECT_EQ(use.OfQueue(1), 0);
  EXPECT_EQ(use.OfWorker(0), 0);
}

TEST(Utilisation, IsTheShareOfTheWindow) {
  Utilisation use;
  // Two workers: one busy half of the time, the other idle; from second 20 on both are idle.
  for (int second = 0; second <= 40; ++second) {
    const Duration busy = milliseconds(500) * std::min(second, 20);
    use.Sample(TimePoint(seconds(second)), {Queue(7, busy)}, {busy, Duration::zero()});
    if (second == 5 || second == 20) {
      EXPECT_NEAR(use.OfWorker(0), 0.5, 1e-6) << second;
      EXPECT_NEAR(use.OfQueue(7), 0.25, 1e-6) << second;
      EXPECT_EQ(use.OfWorker(1), 0) << second;
    }
    if (second == 25) EXPECT_NEAR(use.OfWorker(0), 0.25, 1e-6);
    if (second >= 30) EXPECT_EQ(use.OfWorker(0), 0) << second;
  }
}

TEST(Utilisation, AskingChangesNothing) {
  Utilisation use;
  use.Sample(TimePoint(seconds(0)), {Queue(1, seconds(0))}, {seconds(0)});
  use.Sample(TimePoint(seconds(1)), {Queue(1, milliseconds(400))}, {milliseconds(400)});
  for (int scraper = 0; scraper < 5; ++scraper) EXPECT_NEAR(use.OfQueue(1), 0.4, 1e-6);
}

TEST(Utilisation, QueuesComeAndGo) {
  Utilisation use;
  use.Sample(TimePoint(seconds(0)), {Queue(1, seconds(0))}, {seconds(0)});
  use.Sample(TimePoint(seconds(1)), {Queue(2, milliseconds(500))}, {milliseconds(500)});
  EXPECT_NEAR(use.OfQueue(2), 0.5, 1e-6);
  EXPECT_EQ(use.OfQueue(1), 0);
  EXPECT_EQ(use.OfWorker(3), 0);
}

TEST(Utilisation, AGapInTheSamplesIsAveragedOver) {
  Utilisation use;
  use.Sample(TimePoint(seconds(0)), {}, {seconds(0)});
  use.Sample(TimePoint(seconds(60)), {}, {seconds(15)});
  EXPECT_NEAR(use.OfWorker(0), 0.25, 1e-6);
}

}  // namespace
}  // namespace sluice
